import { ApiError } from "@/api/problem";
import { useToasts } from "@/stores/toasts";
import { errorAdvice, errorTitle } from "@/ui/error-panel";

/** Report a failed action where there is no better place beside the control. */
export function toastError(error: unknown): void {
  useToasts.getState().show({
    tone: "danger",
    title: errorTitle(error),
    detail: errorAdvice(error),
    requestId: error instanceof ApiError ? error.requestId : null,
  });
}
