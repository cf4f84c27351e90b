import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { History, SearchX, X } from "lucide-react";
import { Link } from "react-router";

import { executionsQuery, meQuery, workflowsQuery } from "@/api/queries";
import type { Execution } from "@/api/types";
import { RunClock } from "@/executions/run-clock";
import { useWorkspaceHints } from "@/executions/use-workspace-hints";
import { t } from "@/i18n";
import { shortId, workflowOf } from "@/model/executions";
import { EXECUTION_STATUSES } from "@/model/status";
import { useSearchValue } from "@/pages/use-address";
import { StatusBadge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { ErrorPanel } from "@/ui/error-panel";
import { Select } from "@/ui/field";
import { LoadMore } from "@/ui/load-more";
import { Page } from "@/ui/page";
import { SkeletonRows } from "@/ui/spinner";
import { RelativeTime } from "@/ui/time";

const GRID = "grid grid-cols-[8rem_minmax(0,1fr)_9rem_6rem_6rem_5.5rem] items-center gap-4 px-6 max-md:grid-cols-[8rem_minmax(0,1fr)_6rem]";

export function Component() {
  const [status, setStatus] = useSearchValue("status");
  const [workflow, setWorkflow] = useSearchValue("workflow");
  const [errorGroup] = useSearchValue("error_group");
  const names = useWorkflowNames();
  const { data: me } = useQuery(meQuery);
  useWorkspaceHints(me?.workspace.slug);
  return (
    <Page
      title={t("nav.executions")}
      filters={
        <>
          <Select
            aria-label={t("list.status")}
            className="w-44"
            value={status}
            onChange={(event) => setStatus(event.target.value)}
          >
            <option value="">{t("list.any_status")}</option>
            {EXECUTION_STATUSES.map((option) => (
              <option key={option} value={option}>
                {t(`status.${option}`)}
              </option>
            ))}
          </Select>
          <Select
            aria-label={t("executions.workflow")}
            className="w-56"
            value={workflow}
            onChange={(event) => setWorkflow(event.target.value)}
          >
            <option value="">{t("executions.any_workflow")}</option>
            {workflow !== "" && !names.has(workflow) && <option value={workflow}>{shortId(workflow)}</option>}
            {[...names].map(([id, name]) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
          {errorGroup && (
            <Link to={`/errors/${errorGroup}`} className="text-brand-ink underline-offset-2 hover:underline">
              {t("executions.of_error", { id: shortId(errorGroup) })}
            </Link>
          )}
          {(status || workflow || errorGroup) && (
            <Button variant="ghost" asChild>
              <Link to="/executions">
                <X aria-hidden />
                {t("list.clear")}
              </Link>
            </Button>
          )}
        </>
      }
    >
      <ExecutionList status={status} workflow={workflow} errorGroup={errorGroup} names={names} />
    </Page>
  );
}

/** Names of the workflows that the list of them begins with; an execution's own name comes first. */
function useWorkflowNames(): ReadonlyMap<string, string> {
  const { data } = useInfiniteQuery(workflowsQuery({ search: "", status: "" }));
  const rows = data?.pages.flatMap((page) => page.results) ?? [];
  return new Map(rows.map(({ id, name }) => [id, name]));
}

interface ExecutionListProps {
  status: string;
  workflow: string;
  errorGroup: string;
  names: ReadonlyMap<string, string>;
}

function ExecutionList({ status, workflow, errorGroup, names }: ExecutionListProps) {
  const list = useInfiniteQuery(executionsQuery({ status, workflow, error_group: errorGroup }));
  if (list.isPending) return <SkeletonRows count={10} label={t("executions.loading")} />;
  if (list.isError) return <ErrorPanel error={list.error} onRetry={() => void list.refetch()} className="m-6" />;
  const rows = list.data.pages.flatMap((page) => page.results);
  if (rows.length === 0) {
    return status || workflow || errorGroup ? (
      <Empty icon={SearchX} title={t("list.no_match")} detail={t("list.no_match_detail")} />
    ) : (
      <Empty icon={History} title={t("executions.none")} detail={t("executions.none_detail")} />
    );
  }
  return (
    <>
      <div aria-hidden className={`${GRID} sticky top-0 z-10 h-8 border-b bg-surface text-2xs font-medium text-ink-3`}>
        <span>{t("column.status")}</span>
        <span>{t("column.workflow")}</span>
        <span className="max-md:hidden">{t("column.trigger")}</span>
        <span className="max-md:hidden">{t("column.duration")}</span>
        <span>{t("column.started")}</span>
        <span className="text-right max-md:hidden">{t("column.id")}</span>
      </div>
      <ul aria-label={t("nav.executions")} className="divide-y divide-line">
        {rows.map((execution) => (
          <ExecutionRow key={execution.id} execution={execution} names={names} />
        ))}
      </ul>
      {list.hasNextPage && <LoadMore busy={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />}
    </>
  );
}

function ExecutionRow({ execution, names }: { execution: Execution; names: ReadonlyMap<string, string> }) {
  const { id, name } = workflowOf(execution);
  const { error } = execution;
  return (
    <li className={`${GRID} relative min-h-11 py-1.5 transition-colors hover:bg-subtle/60`}>
      <StatusBadge status={execution.status} />
      <div className="flex min-w-0 items-baseline gap-2">
        <Link
          to={`/executions/${execution.id}`}
          className="shrink-0 truncate font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-brand-ink"
        >
          {name ?? names.get(id ?? "") ?? (id ? shortId(id) : t("executions.ad_hoc"))}
        </Link>
        {error?.message && <span className="truncate text-xs text-ink-3">{error.message}</span>}
      </div>
      <span className="truncate font-mono text-xs text-ink-3 max-md:hidden">{execution.trigger?.kind ?? "–"}</span>
      <span className="max-md:hidden">
        <RunClock execution={execution} />
      </span>
      <span className="text-ink-2">
        <RelativeTime at={execution.started_at ?? execution.created_at} />
      </span>
      <code className="text-right font-mono text-xs text-ink-3 max-md:hidden">{shortId(execution.id)}</code>
    </li>
  );
}
