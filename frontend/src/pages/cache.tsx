import { useMutation, useQuery } from "@tanstack/react-query";
import { DatabaseZap, Eraser, Gauge } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";

import { call } from "@/api/client";
import { cacheStatsQuery, listQuery } from "@/api/operation-queries";
import type { CacheEntry, CacheScope, CacheStats } from "@/api/operations";
import { refresh } from "@/api/queries";
import { useMay } from "@/api/use-may";
import { t } from "@/i18n";
import { shortId } from "@/model/executions";
import { callsSpared, percent } from "@/model/operate";
import { absoluteTime, formatBytes, formatDuration } from "@/model/time";
import { ClearDialog } from "@/operate/clear-dialog";
import { Button } from "@/ui/button";
import { type Column, DataTable } from "@/ui/data-table";
import { Empty } from "@/ui/empty";
import { ErrorPanel } from "@/ui/error-panel";
import { Page } from "@/ui/page";
import { PagedTable } from "@/ui/paged-table";
import { SkeletonRows } from "@/ui/spinner";
import { SectionTitle, Stat, Stats } from "@/ui/stat";
import { RelativeTime } from "@/ui/time";
import { toastError } from "@/ui/toast-error";

type KindRow = CacheStats["kinds"][number];

const KINDS: Column<KindRow>[] = [
  { key: "kind", title: t("cache.kind"), className: "w-full", cell: (row) => <code className="font-mono text-xs">{row.kind}</code> },
  { key: "rate", title: t("cache.hit_rate"), end: true, cell: (row) => percent(row.hit_rate) },
  { key: "spared", title: t("cache.hits"), end: true, cell: (row) => callsSpared(row) },
  { key: "misses", title: t("cache.misses"), end: true, wide: true, cell: (row) => row.misses },
  { key: "bypassed", title: t("cache.bypassed"), end: true, wide: true, cell: (row) => row.bypassed },
  { key: "bytes", title: t("cache.bytes"), end: true, wide: true, cell: (row) => formatBytes(row.stored_bytes) },
  { key: "saved", title: t("cache.time_saved"), end: true, cell: (row) => formatDuration(row.saved_seconds * 1000) },
  {
    key: "shadow",
    title: t("cache.shadow"),
    end: true,
    wide: true,
    cell: ({ shadow }) =>
      shadow.calls > 0 ? `${percent(shadow.hit_rate)} ${t("cache.shadow_calls", { count: shadow.calls })}` : "–",
  },
  { key: "act", title: "", cell: (row) => <ClearButton scope={{ kind: row.kind }} /> },
];

const ENTRIES: Column<CacheEntry>[] = [
  {
    key: "key",
    title: t("cache.key"),
    className: "max-w-0 w-full",
    cell: (entry) => (
      <div className="min-w-0">
        <p className="truncate font-mono text-xs">{entry.key}</p>
        <p className="truncate text-xs text-ink-3">
          <span className="font-mono">{entry.kind}</span>
          {entry.tags.length > 0 && ` · ${entry.tags.join(", ")}`}
          {entry.execution && (
            <>
              {" · "}
              <Link to={`/executions/${entry.execution}`} className="text-brand-ink hover:underline">
                {t("cache.from", { id: shortId(entry.execution) })}
              </Link>
            </>
          )}
        </p>
      </div>
    ),
  },
  { key: "size", title: t("cache.size"), end: true, cell: (entry) => formatBytes(entry.size_bytes) },
  { key: "saves", title: t("cache.time_saved"), end: true, wide: true, cell: (entry) => formatDuration(entry.seconds * 1000) },
  { key: "stored", title: t("cache.stored"), cell: (entry) => <RelativeTime at={entry.stored_at} /> },
  { key: "fresh", title: t("cache.fresh"), wide: true, cell: (entry) => absoluteTime(entry.fresh_until) },
  { key: "act", title: "", cell: (entry) => <ClearButton scope={{ key: entry.key }} /> },
];

export function Component() {
  const stats = useQuery(cacheStatsQuery);
  return (
    <Page title={t("nav.cache")} actions={<CacheActions stats={stats.data} />}>
      {stats.isError && <ErrorPanel error={stats.error} onRetry={() => void stats.refetch()} className="m-6" />}
      {stats.isPending && <SkeletonRows count={3} label={t("cache.loading")} />}
      {stats.data && <Figures stats={stats.data} />}
      <SectionTitle>{t("cache.kept")}</SectionTitle>
      <PagedTable
        label={t("cache.kept")}
        loading={t("cache.loading")}
        query={listQuery("GET /api/v1/cache/entries", {}, true)}
        columns={ENTRIES}
        rowKey={(entry) => entry.key}
        empty={<Empty icon={DatabaseZap} title={t("cache.none")} detail={t("cache.none_detail")} />}
      />
    </Page>
  );
}

function Figures({ stats }: { stats: CacheStats }) {
  const { total, entries, kinds } = stats;
  const { shadow } = total;
  return (
    <>
      <Stats>
        <Stat name={t("cache.hit_rate")} value={percent(total.hit_rate)} />
        <Stat name={t("cache.hits")} value={callsSpared(total)} />
        <Stat name={t("cache.time_saved")} value={formatDuration(total.saved_seconds * 1000)} />
        <Stat name={t("cache.entries")} value={entries} detail={formatBytes(total.stored_bytes)} />
        <Stat name={t("cache.shadow")} value={percent(shadow.hit_rate)} detail={t("cache.shadow_calls", { count: shadow.calls })} />
      </Stats>
      {kinds.length > 0 && (
        <>
          <SectionTitle>{t("cache.kinds")}</SectionTitle>
          <DataTable label={t("cache.kinds")} columns={KINDS} rows={kinds} rowKey={({ kind }) => kind} />
        </>
      )}
    </>
  );
}

const MEASURE_SECONDS = 3600;

function CacheActions({ stats }: { stats: CacheStats | undefined }) {
  const may = useMay("cache.clear");
  const until = stats?.shadow.find(({ workflow }) => workflow === null)?.until;
  const measure = useMutation({
    mutationFn: (seconds: number) => call("POST /api/v1/cache/shadow", { body: { seconds } }),
    onSuccess: () => refresh(["cache/stats"]),
    onError: toastError,
  });
  if (!may) return null;
  return (
    <>
      {until && <span className="text-xs text-ink-3">{t("cache.measured_until", { time: absoluteTime(until) })}</span>}
      <Button title={t("cache.measure_hint")} busy={measure.isPending} onClick={() => measure.mutate(until ? 0 : MEASURE_SECONDS)}>
        {!measure.isPending && <Gauge aria-hidden />}
        {t(until ? "cache.measuring" : "cache.measure")}
      </Button>
      <ClearButton scope={{ all: true }} />
    </>
  );
}

function ClearButton({ scope }: { scope: CacheScope }) {
  const may = useMay("cache.clear");
  const [asking, setAsking] = useState(false);
  if (!may) return null;
  return (
    <>
      <Button size={scope.all ? "md" : "sm"} variant={scope.all ? "danger" : "secondary"} onClick={() => setAsking(true)}>
        <Eraser aria-hidden />
        {t(scope.all ? "cache.clear_all" : "cache.clear")}
      </Button>
      {asking && <ClearDialog scope={scope} onClose={() => setAsking(false)} />}
    </>
  );
}
