import { useMutation, useQuery } from "@tanstack/react-query";
import { Ban } from "lucide-react";

import { call } from "@/api/client";
import { meQuery, refresh } from "@/api/queries";
import type { Execution } from "@/api/types";
import { t } from "@/i18n";
import { isFinal } from "@/model/status";
import { Button } from "@/ui/button";
import { toastError } from "@/ui/toast-error";

interface CancelButtonProps {
  execution: Execution;
  size?: "sm" | "md";
}

export function CancelButton({ execution, size = "md" }: CancelButtonProps) {
  const { id, status } = execution;
  const { data: me } = useQuery(meQuery);
  const cancel = useMutation({
    mutationFn: () => call("POST /api/v1/executions/{id}/cancel", { path: { id } }),
    onSuccess: () => refresh(["execution", id], ["executions"]),
    onError: toastError,
  });
  if (isFinal(status) || !me?.may.includes("execution.cancel")) return null;
  return (
    <Button size={size} variant="danger" busy={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate()}>
      {!cancel.isPending && !cancel.isSuccess && <Ban aria-hidden />}
      {t("execution.cancel")}
    </Button>
  );
}
