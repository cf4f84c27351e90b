import { useMutation, useQuery } from "@tanstack/react-query";
import { CirclePause, CirclePlay, ListRestart, RotateCw } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";

import { call } from "@/api/client";
import { meQuery, refresh } from "@/api/queries";
import type { Definition, Execution } from "@/api/types";
import { CancelButton } from "@/executions/cancel-button";
import { ResumeDialog } from "@/executions/resume-dialog";
import { t } from "@/i18n";
import { actionsFor } from "@/model/resume";
import { Button } from "@/ui/button";
import { toastError } from "@/ui/toast-error";

/** What may be done with an execution, by its state and by whoever looks at it. */
export function ExecutionActions({ execution, definition }: { execution: Execution; definition: Definition }) {
  const { id, status } = execution;
  const [resuming, setResuming] = useState(false);
  const { data: me } = useQuery(meQuery);
  const actions = actionsFor(status, me?.may ?? []);
  return (
    <>
      {actions.includes("pause") && <PauseButton key={status} id={id} paused={false} />}
      {actions.includes("continue") && <PauseButton key={status} id={id} paused />}
      {actions.includes("resume") && (
        <Button onClick={() => setResuming(true)}>
          <ListRestart aria-hidden />
          {t("resume.open")}
        </Button>
      )}
      {actions.includes("retry") && <RetryButton id={id} />}
      <CancelButton execution={execution} />
      {resuming && (
        <ResumeDialog execution={execution} definition={definition} onClose={() => setResuming(false)} />
      )}
    </>
  );
}

function PauseButton({ id, paused }: { id: string; paused: boolean }) {
  const change = useMutation({
    mutationFn: async () => {
      if (paused) await call("POST /api/v1/executions/{id}/continue", { path: { id } });
      else await call("POST /api/v1/executions/{id}/pause", { path: { id } });
    },
    onSuccess: () => refresh(["execution", id], ["executions"]),
    onError: toastError,
  });
  return (
    <Button variant={paused ? "primary" : "secondary"} busy={change.isPending || change.isSuccess} onClick={() => change.mutate()}>
      {!change.isPending && !change.isSuccess && (paused ? <CirclePlay aria-hidden /> : <CirclePause aria-hidden />)}
      {t(paused ? "execution.continue" : "execution.pause")}
    </Button>
  );
}

function RetryButton({ id }: { id: string }) {
  const navigate = useNavigate();
  const retry = useMutation({
    mutationFn: () => call("POST /api/v1/executions/{id}/retry", { path: { id } }),
    onSuccess: ({ data }) => {
      refresh(["executions"]);
      void navigate(`/executions/${data.id}`);
    },
    onError: toastError,
  });
  return (
    <Button variant="primary" title={t("execution.retry_hint")} busy={retry.isPending} onClick={() => retry.mutate()}>
      {!retry.isPending && <RotateCw aria-hidden />}
      {t("execution.retry")}
    </Button>
  );
}
