import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Plus, SearchX, Workflow as WorkflowIcon } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";

import { meQuery, workflowsQuery } from "@/api/queries";
import type { WorkflowStatus, WorkflowSummary } from "@/api/types";
import { t } from "@/i18n";
import { NewWorkflow } from "@/pages/new-workflow";
import { useSearchValue } from "@/pages/use-address";
import { WorkflowMenu } from "@/pages/workflow-menu";
import { Badge, StatusBadge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { ErrorPanel } from "@/ui/error-panel";
import { Select } from "@/ui/field";
import { LoadMore } from "@/ui/load-more";
import { Page } from "@/ui/page";
import { SearchBox } from "@/ui/search-box";
import { SkeletonRows } from "@/ui/spinner";
import { RelativeTime } from "@/ui/time";

const STATUSES: WorkflowStatus[] = ["draft", "published", "paused", "archived"];
const GRID = "grid grid-cols-[minmax(0,1fr)_7.5rem_6rem_7rem_2rem] items-center gap-4 px-6 max-md:grid-cols-[minmax(0,1fr)_7.5rem_2rem]";

export function Component() {
  const [search, setSearch] = useSearchValue("q");
  const [status, setStatus] = useSearchValue("status");
  const [creating, setCreating] = useState(false);
  const { data: me } = useQuery(meQuery);
  const editable = me?.may.includes("workflow.edit") ?? false;
  const create = (
    <Button variant="primary" onClick={() => setCreating(true)} disabled={!editable}>
      <Plus aria-hidden />
      {t("workflows.new")}
    </Button>
  );
  return (
    <Page
      title={t("nav.workflows")}
      actions={create}
      filters={
        <>
          <SearchBox value={search} onChange={setSearch} label={t("workflows.search")} />
          <Select
            aria-label={t("list.status")}
            className="w-40"
            value={status}
            onChange={(event) => setStatus(event.target.value)}
          >
            <option value="">{t("list.any_status")}</option>
            {STATUSES.map((option) => (
              <option key={option} value={option}>
                {t(`status.${option}`)}
              </option>
            ))}
          </Select>
        </>
      }
    >
      <WorkflowList search={search} status={status} editable={editable} create={create} />
      <NewWorkflow open={creating} onOpenChange={setCreating} />
    </Page>
  );
}

interface WorkflowListProps {
  search: string;
  status: string;
  editable: boolean;
  create: React.ReactNode;
}

function WorkflowList({ search, status, editable, create }: WorkflowListProps) {
  const list = useInfiniteQuery(workflowsQuery({ search, status }));
  if (list.isPending) return <SkeletonRows count={8} label={t("workflows.loading")} />;
  if (list.isError) return <ErrorPanel error={list.error} onRetry={() => void list.refetch()} className="m-6" />;
  const rows = list.data.pages.flatMap((page) => page.results);
  if (rows.length === 0 && (search || status)) {
    return <Empty icon={SearchX} title={t("list.no_match")} detail={t("list.no_match_detail")} />;
  }
  if (rows.length === 0) {
    return (
      <Empty icon={WorkflowIcon} title={t("workflows.none")} detail={t("workflows.none_detail")}>
        {create}
      </Empty>
    );
  }
  return (
    <>
      <div aria-hidden className={`${GRID} sticky top-0 z-10 h-8 border-b bg-surface text-2xs font-medium text-ink-3`}>
        <span>{t("column.name")}</span>
        <span>{t("column.status")}</span>
        <span className="max-md:hidden">{t("column.version")}</span>
        <span className="max-md:hidden">{t("column.updated")}</span>
      </div>
      <ul aria-label={t("nav.workflows")} className="divide-y divide-line">
        {rows.map((workflow) => (
          <WorkflowRow key={workflow.id} workflow={workflow} editable={editable} />
        ))}
      </ul>
      {list.hasNextPage && <LoadMore busy={list.isFetchingNextPage} onMore={() => void list.fetchNextPage()} />}
    </>
  );
}

function WorkflowRow({ workflow, editable }: { workflow: WorkflowSummary; editable: boolean }) {
  return (
    <li className={`${GRID} group relative min-h-13 py-2 transition-colors hover:bg-subtle/60`}>
      <div className="min-w-0">
        <div className="flex items-center gap-2">
          <Link
            to={`/workflows/${workflow.id}`}
            className="truncate font-medium after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-brand-ink"
          >
            {workflow.name}
          </Link>
          {workflow.tags?.map((tag) => (
            <Badge key={tag}>{tag}</Badge>
          ))}
        </div>
        {workflow.description && <p className="truncate text-xs text-ink-3">{workflow.description}</p>}
      </div>
      <StatusBadge status={workflow.status} />
      <span className="text-ink-2 tabular-nums max-md:hidden">
        {workflow.published_version === null ? "–" : t("workflow.version", { version: workflow.published_version })}
      </span>
      <span className="text-ink-2 max-md:hidden">
        <RelativeTime at={workflow.updated_at} />
      </span>
      <WorkflowMenu workflow={workflow} editable={editable} />
    </li>
  );
}
