import { RotateCw, TriangleAlert } from "lucide-react";

import { ApiError } from "@/api/problem";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { cn } from "@/ui/cn";
import { CopyButton } from "@/ui/copy-button";

/** What happened, what to do, and the request id that finds it in the logs. */
export function ErrorPanel({ error, onRetry, className }: { error: unknown; onRetry?: () => void; className?: string }) {
  const requestId = error instanceof ApiError ? error.requestId : null;
  return (
    <div role="alert" className={cn("flex gap-3 rounded-lg border border-danger/30 bg-danger-soft p-3.5", className)}>
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-danger" />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{errorTitle(error)}</p>
        <p className="text-ink-2">{errorAdvice(error)}</p>
        {requestId && (
          <p className="mt-1 flex items-center gap-1 text-xs text-ink-2">
            {t("error.request_id")} <code className="font-mono">{requestId}</code>
            <CopyButton text={requestId} label={t("error.copy_request_id")} />
          </p>
        )}
      </div>
      {onRetry && (
        <Button size="sm" onClick={onRetry}>
          <RotateCw aria-hidden />
          {t("action.retry")}
        </Button>
      )}
    </div>
  );
}

export function errorTitle(error: unknown): string {
  if (!(error instanceof ApiError)) return t("error.page");
  if (error.status === 0) return t("error.unreachable");
  return error.problem.detail ?? error.problem.title ?? t("error.status", { status: error.status });
}

export function errorAdvice(error: unknown): string {
  if (!(error instanceof ApiError)) return t("advice.page");
  if (error.status === 0) return t("advice.unreachable");
  if (error.status === 401) return t("advice.signed_out");
  if (error.status === 403) return t("advice.forbidden");
  if (error.status === 404) return t("advice.not_found");
  if (error.status === 409) return t("advice.wrong_state");
  if (error.status === 412) return t("advice.changed");
  if (error.status === 429 || error.status === 503) {
    return error.retryAfter ? t("advice.wait_seconds", { seconds: error.retryAfter }) : t("advice.wait");
  }
  return error.status >= 500 ? t("advice.server") : t("advice.input");
}
