import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";

import { errorGroupQuery } from "@/api/operation-queries";
import type { ErrorGroupDetail } from "@/api/operations";
import { isNotFound } from "@/api/queries";
import type { Execution } from "@/api/types";
import { FixAndContinue } from "@/errors/fix-and-continue";
import { GroupBadge, settledText } from "@/errors/group-badge";
import { SettleButtons } from "@/errors/settle-buttons";
import { t } from "@/i18n";
import { shortId, workflowOf } from "@/model/executions";
import { NotFound } from "@/pages/not-found";
import { StatusBadge } from "@/ui/badge";
import { type Column, DataTable } from "@/ui/data-table";
import { ErrorPanel } from "@/ui/error-panel";
import { Facts } from "@/ui/facts";
import { Page } from "@/ui/page";
import { RowLink } from "@/ui/row-link";
import { Loading } from "@/ui/spinner";
import { SectionTitle, Stat, Stats } from "@/ui/stat";
import { RelativeTime } from "@/ui/time";

const AFFECTED: Column<ErrorGroupDetail["workflows"][number]>[] = [
  {
    key: "name",
    title: t("column.workflow"),
    className: "w-full",
    cell: ({ id, name }) => <RowLink to={`/workflows/${id}`}>{name}</RowLink>,
  },
  { key: "count", title: t("errors.count"), end: true, cell: ({ count }) => count },
  { key: "last", title: t("errors.last"), cell: ({ last_seen_at: at }) => <RelativeTime at={at} /> },
];

const SAMPLES: Column<Execution>[] = [
  { key: "status", title: t("column.status"), cell: ({ status }) => <StatusBadge status={status} /> },
  {
    key: "workflow",
    title: t("column.workflow"),
    className: "max-w-0 w-full truncate",
    cell: (sample) => (
      <>
        <RowLink to={`/executions/${sample.id}`}>{workflowOf(sample).name ?? t("executions.ad_hoc")}</RowLink>{" "}
        <span className="text-xs text-ink-3">{sample.error?.message}</span>
      </>
    ),
  },
  { key: "at", title: t("column.started"), cell: (sample) => <RelativeTime at={sample.started_at ?? sample.created_at} /> },
  {
    key: "id",
    title: t("column.id"),
    wide: true,
    cell: ({ id }) => <code className="font-mono text-xs text-ink-3">{shortId(id)}</code>,
  },
];

export function Component() {
  const { id = "" } = useParams();
  const group = useQuery(errorGroupQuery(id));
  if (isNotFound(group.error)) return <NotFound />;
  if (group.isError) return <ErrorPanel error={group.error} onRetry={() => void group.refetch()} className="m-6" />;
  if (!group.data) return <Loading label={t("errors.loading")} />;
  return <Detail key={id} group={group.data} />;
}

function Detail({ group }: { group: ErrorGroupDetail }) {
  const settled = settledText(group);
  return (
    <Page
      title={group.template || group.code}
      actions={<SettleButtons group={group} />}
      filters={
        <p className="flex flex-wrap items-center gap-2 text-ink-3">
          <Link to="/errors" className="rounded text-brand-ink underline-offset-2 hover:underline">
            {t("nav.errors")}
          </Link>
          <GroupBadge group={group} />
          {settled && <span>{settled}</span>}
        </p>
      }
    >
      <Stats>
        <Stat name={t("errors.count")} value={group.count} />
        <Stat name={t("errors.first")} value={<RelativeTime at={group.first_seen_at} />} />
        <Stat name={t("errors.last")} value={<RelativeTime at={group.last_seen_at} />} />
        <Stat name={t("errors.workflows")} value={group.workflows.length} />
      </Stats>
      <FixAndContinue group={group} />
      <Why group={group} />
      <SectionTitle>{t("errors.workflows")}</SectionTitle>
      <DataTable
        label={t("errors.workflows")}
        rows={group.workflows}
        rowKey={({ id }) => id}
        columns={AFFECTED}
      />
      <Samples group={group} />
    </Page>
  );
}

function Why({ group: { why, message } }: { group: ErrorGroupDetail }) {
  const { same } = why;
  return (
    <section aria-label={t("errors.why")} data-testid="why-grouped" className="mx-6 mt-4 rounded-xl border bg-raised shadow-card">
      <div className="border-b px-4 py-3">
        <h2 className="text-sm font-semibold">{t("errors.why")}</h2>
        <p className="text-ink-2">{t("errors.why_detail", { version: why.algorithm })}</p>
      </div>
      <Facts
        facts={[
          [t("errors.fact.kind"), same.kind || t("errors.no_kind")],
          [t("errors.fact.category"), same.category],
          [t("errors.fact.code"), same.code],
          [t("errors.fact.template"), same.template],
          [t("errors.latest"), message],
        ]}
      />
      {why.left_out.length > 0 && (
        <p className="border-t px-4 py-2.5 text-xs text-ink-3">
          {t("errors.why_left_out", { parts: why.left_out.join(", ") })}
        </p>
      )}
    </section>
  );
}

function Samples({ group }: { group: ErrorGroupDetail }) {
  return (
    <>
      <div className="flex items-baseline justify-between pr-6">
        <SectionTitle>{t("errors.samples")}</SectionTitle>
        <Link to={`/executions?error_group=${group.id}`} className="text-brand-ink underline-offset-2 hover:underline">
          {t("errors.all_executions")}
        </Link>
      </div>
      <DataTable
        label={t("errors.samples")}
        rows={group.samples}
        rowKey={({ id }) => id}
        columns={SAMPLES}
      />
    </>
  );
}
