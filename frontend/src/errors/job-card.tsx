import { useMutation, useQuery } from "@tanstack/react-query";
import { CirclePause, CirclePlay, CircleStop } from "lucide-react";
import { useEffect } from "react";
import { Link } from "react-router";

import { call } from "@/api/client";
import { isUnderWay, jobQuery } from "@/api/operation-queries";
import type { Job } from "@/api/operations";
import { refresh } from "@/api/queries";
import { useMay } from "@/api/use-may";
import { t, wordOr } from "@/i18n";
import { progressOf } from "@/model/errors";
import type { Tone } from "@/model/status";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { RelativeTime } from "@/ui/time";
import { toastError } from "@/ui/toast-error";

const TONES: Record<Job["state"], Tone> = { running: "info", paused: "warning", stopped: "danger", finished: "success" };

/** A job under way or just over: how far it is, at which stage, and the means to stop it. */
export function JobCard({ id, first }: { id: string; first: Job }) {
  const { data: job = first } = useQuery({ ...jobQuery(id), initialData: first });
  const going = isUnderWay(job);
  useEffect(() => {
    if (!going) refresh(["error-groups"], ["executions"]);
  }, [going]);
  const percent = progressOf(job);
  const size = job.canary[job.stage];
  return (
    <div data-testid="job" data-state={job.state} className="flex flex-col gap-2 border-t px-4 py-3">
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={TONES[job.state]}>{t(`job.state.${job.state}`)}</Badge>
        <span className="font-medium tabular-nums">
          {t("job.progress", { done: job.done + job.failed + job.skipped, total: job.total })}
        </span>
        {going && size !== undefined && <Badge>{t("job.stage", { stage: job.stage + 1, size })}</Badge>}
        <span className="text-xs text-ink-3">
          {job.created_by} · <RelativeTime at={job.created_at} />
        </span>
        <span className="ml-auto flex gap-2">{going && <JobButtons job={job} />}</span>
      </div>
      <div
        role="progressbar"
        aria-label={t("job.title")}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        className="flex h-1.5 overflow-hidden rounded-full bg-subtle"
      >
        <Bar share={job.done / job.total} className="bg-success" />
        <Bar share={job.failed / job.total} className="bg-danger" />
        <Bar share={job.skipped / job.total} className="bg-control" />
      </div>
      <p className="text-xs text-ink-3">
        {t("job.counts", {
          done: job.done,
          failed: job.failed,
          started: job.started,
          pending: job.pending,
          skipped: job.skipped,
        })}
      </p>
      {job.stop_reason && <StopReason reason={job.stop_reason} />}
    </div>
  );
}

function Bar({ share, className }: { share: number; className: string }) {
  return <span className={className} style={{ width: `${100 * (share || 0)}%` }} />;
}

function StopReason({ reason }: { reason: NonNullable<Job["stop_reason"]> }) {
  return (
    <p role="alert" className="text-danger">
      {wordOr("job.stop", reason.code)}{" "}
      {reason.error_group && (
        <Link to={`/errors/${reason.error_group}`} className="underline underline-offset-2">
          {t("job.stop.see")}
        </Link>
      )}
    </p>
  );
}

function JobButtons({ job: { id, state } }: { job: Job }) {
  const may = useMay("job.operate");
  const act = useMutation({
    mutationFn: async (verb: "pause" | "continue" | "abort") => {
      const path = { id };
      if (verb === "pause") await call("POST /api/v1/jobs/{id}/pause", { path });
      else if (verb === "continue") await call("POST /api/v1/jobs/{id}/continue", { path });
      else await call("POST /api/v1/jobs/{id}/abort", { path });
    },
    onSuccess: () => refresh(["jobs", id]),
    onError: toastError,
  });
  if (!may) return null;
  return (
    <>
      {state === "running" ? (
        <Button size="sm" disabled={act.isPending} onClick={() => act.mutate("pause")}>
          <CirclePause aria-hidden />
          {t("job.pause")}
        </Button>
      ) : (
        <Button size="sm" disabled={act.isPending} onClick={() => act.mutate("continue")}>
          <CirclePlay aria-hidden />
          {t("job.continue")}
        </Button>
      )}
      <Button size="sm" variant="danger" disabled={act.isPending} onClick={() => act.mutate("abort")}>
        <CircleStop aria-hidden />
        {t("job.abort")}
      </Button>
    </>
  );
}
