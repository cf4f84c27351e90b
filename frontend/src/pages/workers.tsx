import { useQuery } from "@tanstack/react-query";
import { Server } from "lucide-react";
import { useId } from "react";

import { listQuery, queuesQuery, workersHealthQuery, workersStatsQuery } from "@/api/operation-queries";
import type { QueueRow, WorkerRow, WorkersHealth } from "@/api/operations";
import { t } from "@/i18n";
import { oldestTone } from "@/model/operate";
import type { Tone } from "@/model/status";
import { formatDuration } from "@/model/time";
import { useSearchValue } from "@/pages/use-address";
import { Badge } from "@/ui/badge";
import { type Column, DataTable } from "@/ui/data-table";
import { Empty } from "@/ui/empty";
import { ErrorPanel } from "@/ui/error-panel";
import { Page } from "@/ui/page";
import { PagedTable } from "@/ui/paged-table";
import { SkeletonRows } from "@/ui/spinner";
import { SectionTitle, Stat, Stats } from "@/ui/stat";
import { Switch } from "@/ui/switch";
import { RelativeTime } from "@/ui/time";

const HEALTH: Record<WorkersHealth["status"], Tone> = { ok: "success", degraded: "warning", down: "danger" };
const WORKER: Record<WorkerRow["status"], Tone> = { alive: "success", draining: "warning", stopped: "muted", dead: "danger" };

const QUEUES: Column<QueueRow>[] = [
  {
    key: "queue",
    title: t("fact.queue"),
    className: "w-full",
    cell: (row) => (
      <>
        <span className="font-medium">{row.queue}</span> <span className="text-xs text-ink-3">{row.region}</span>
      </>
    ),
  },
  { key: "depth", title: t("workers.depth"), end: true, cell: (row) => row.depth },
  {
    key: "oldest",
    title: t("workers.oldest"),
    end: true,
    cell: ({ oldest_seconds: seconds }) =>
      seconds === null ? "–" : <Badge tone={oldestTone(seconds)}>{formatDuration(seconds * 1000)}</Badge>,
  },
  {
    key: "workers",
    title: t("workers.serving"),
    end: true,
    cell: (row) => (row.workers > 0 ? row.workers : <Badge tone="danger">{t("workers.nobody")}</Badge>),
  },
];

const WORKERS: Column<WorkerRow>[] = [
  {
    key: "name",
    title: t("workers.name"),
    className: "max-w-0 w-full",
    cell: (row) => (
      <div className="min-w-0">
        <p className="truncate font-medium">
          {row.name} <span className="text-xs font-normal text-ink-3">{row.region}</span>
        </p>
        <p className="truncate font-mono text-xs text-ink-3">{row.queues.join(", ")}</p>
      </div>
    ),
  },
  { key: "status", title: t("column.status"), cell: (row) => <Badge tone={WORKER[row.status]}>{t(`worker.status.${row.status}`)}</Badge> },
  { key: "busy", title: t("workers.busy"), end: true, cell: (row) => `${row.in_flight} / ${row.slots}` },
  { key: "ended", title: t("workers.ended"), end: true, wide: true, cell: (row) => row.finished },
  { key: "lag", title: t("workers.lag"), end: true, wide: true, cell: (row) => formatDuration(row.loop_lag_ms) },
  { key: "beat", title: t("workers.heartbeat"), cell: (row) => <RelativeTime at={row.heartbeat_at} /> },
  { key: "version", title: t("column.version"), wide: true, cell: (row) => <code className="font-mono text-xs text-ink-3">{row.version}</code> },
];

/** Who does the work, and what waits for it; read anew every few seconds. */
export function Component() {
  const [gone, setGone] = useSearchValue("gone");
  const goneId = useId();
  return (
    <Page title={t("nav.workers")}>
      <Figures />
      <SectionTitle>{t("workers.queues")}</SectionTitle>
      <Queues />
      <div className="flex items-center justify-between pr-6">
        <SectionTitle>{t("workers.workers")}</SectionTitle>
        <label htmlFor={goneId} className="flex items-center gap-2 text-ink-2">
          {t("workers.show_gone")}
          <Switch id={goneId} checked={gone !== ""} onCheckedChange={(on) => setGone(on ? "1" : "")} />
        </label>
      </div>
      <PagedTable
        label={t("workers.workers")}
        loading={t("workers.loading")}
        query={listQuery("GET /api/v1/workers", gone ? {} : { status: "alive" }, true)}
        columns={WORKERS}
        rowKey={(row) => row.id}
        empty={<Empty icon={Server} title={t("workers.none")} detail={t("workers.none_detail")} />}
      />
    </Page>
  );
}

function Figures() {
  const health = useQuery(workersHealthQuery);
  const stats = useQuery(workersStatsQuery);
  const error = health.error ?? stats.error;
  if (error) return <ErrorPanel error={error} onRetry={() => void Promise.all([health.refetch(), stats.refetch()])} className="m-6" />;
  if (!health.data || !stats.data) return <SkeletonRows count={2} label={t("workers.loading")} />;
  const { status, unserved_queues: unserved } = health.data;
  const { workers, executions } = stats.data;
  return (
    <>
      <Stats>
        <Stat name={t("workers.health")} value={t(`workers.health.${status}`)} tone={HEALTH[status]} />
        <Stat name={t("workers.busy")} value={workers.in_flight} detail={t("workers.of", { count: workers.slots })} />
        <Stat name={t("workers.queued")} value={executions.queued} />
        <Stat name={t("workers.running")} value={executions.running} />
        <Stat name={t("workers.waiting")} value={executions.waiting} />
        <Stat name={t("workers.finished")} value={executions.finished_last_minute} />
      </Stats>
      {unserved.length > 0 && (
        <p role="alert" className="mx-6 rounded-lg border border-danger/25 bg-danger-soft px-3 py-2">
          {t("workers.unserved", { queues: unserved.join(", ") })}
        </p>
      )}
    </>
  );
}

function Queues() {
  const queues = useQuery(queuesQuery);
  if (queues.isPending) return <SkeletonRows count={4} label={t("workers.loading")} />;
  if (queues.isError) return <ErrorPanel error={queues.error} onRetry={() => void queues.refetch()} className="m-6" />;
  return (
    <DataTable
      label={t("workers.queues")}
      columns={QUEUES}
      rows={queues.data}
      rowKey={(row) => `${row.queue}.${row.region}`}
    />
  );
}
