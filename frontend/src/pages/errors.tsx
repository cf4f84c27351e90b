import { SearchX, ShieldCheck } from "lucide-react";

import { listQuery } from "@/api/operation-queries";
import type { ErrorGroup } from "@/api/operations";
import { ErrorsTabs } from "@/errors/errors-tabs";
import { GroupBadge } from "@/errors/group-badge";
import { t, wordOr } from "@/i18n";
import { GROUP_STATES } from "@/model/errors";
import { useSearchValue } from "@/pages/use-address";
import type { Column } from "@/ui/data-table";
import { Empty } from "@/ui/empty";
import { Page } from "@/ui/page";
import { PagedTable } from "@/ui/paged-table";
import { RowLink } from "@/ui/row-link";
import { SearchBox } from "@/ui/search-box";
import { Segments } from "@/ui/segments";
import { RelativeTime } from "@/ui/time";

const ANY = "any";

const COLUMNS: Column<ErrorGroup>[] = [
  {
    key: "error",
    title: t("errors.group"),
    className: "max-w-0 w-full",
    cell: (group) => (
      <div className="min-w-0">
        <p className="truncate">
          <RowLink to={`/errors/${group.id}`}>{group.template || group.code}</RowLink>
        </p>
        <p className="truncate text-xs text-ink-3">
          <span className="font-mono">{group.kind || t("errors.no_kind")}</span> · {wordOr("category", group.category)} ·{" "}
          <span className="font-mono">{group.code}</span>
        </p>
      </div>
    ),
  },
  { key: "state", title: t("errors.state"), cell: (group) => <GroupBadge group={group} /> },
  { key: "count", title: t("errors.count"), end: true, cell: (group) => group.count },
  { key: "first", title: t("errors.first"), wide: true, cell: (group) => <RelativeTime at={group.first_seen_at} /> },
  { key: "last", title: t("errors.last"), cell: (group) => <RelativeTime at={group.last_seen_at} /> },
];

export function Component() {
  const [state, setState] = useSearchValue("state");
  const [search, setSearch] = useSearchValue("q");
  return (
    <Page
      title={t("nav.errors")}
      actions={<SearchBox value={search} onChange={setSearch} label={t("errors.search")} />}
      filters={<ErrorsTabs />}
    >
      <div className="border-b px-6 py-3">
        <Segments
          label={t("errors.state")}
          value={state || ANY}
          onChange={(next) => setState(next === ANY ? "" : next)}
          options={[
            { value: ANY, label: t("errors.any") },
            ...GROUP_STATES.map((option) => ({ value: option as string, label: t(`errors.state.${option}`) })),
          ]}
        />
      </div>
      <PagedTable
        label={t("nav.errors")}
        loading={t("errors.loading")}
        query={listQuery("GET /api/v1/error-groups", { state, q: search }, true)}
        columns={COLUMNS}
        rowKey={(group) => group.id}
        empty={
          state || search ? (
            <Empty icon={SearchX} title={t("list.no_match")} detail={t("list.no_match_detail")} />
          ) : (
            <Empty icon={ShieldCheck} title={t("errors.none")} detail={t("errors.none_detail")} />
          )
        }
      />
    </Page>
  );
}
