import { useMutation } from "@tanstack/react-query";
import { MailX, RotateCw, SearchX, Trash2 } from "lucide-react";
import { Link } from "react-router";

import { call } from "@/api/client";
import { listQuery } from "@/api/operation-queries";
import type { DeadLetter, DeadLetterState } from "@/api/operations";
import { refresh } from "@/api/queries";
import { useMay } from "@/api/use-may";
import { ErrorsTabs } from "@/errors/errors-tabs";
import { t } from "@/i18n";
import { shortId } from "@/model/executions";
import type { Tone } from "@/model/status";
import { useSearchValue } from "@/pages/use-address";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import type { Column } from "@/ui/data-table";
import { Empty } from "@/ui/empty";
import { Page } from "@/ui/page";
import { PagedTable } from "@/ui/paged-table";
import { RowLink } from "@/ui/row-link";
import { Segments } from "@/ui/segments";
import { RelativeTime } from "@/ui/time";
import { toastError } from "@/ui/toast-error";

const ANY = "any";
const STATES: DeadLetterState[] = ["open", "retried", "discarded"];
const TONES: Record<DeadLetterState, Tone> = { open: "danger", retried: "success", discarded: "muted" };

const COLUMNS: Column<DeadLetter>[] = [
  {
    key: "reason",
    title: t("dead.reason"),
    className: "max-w-0 w-full",
    cell: (letter) => (
      <div className="min-w-0">
        <p className="truncate">
          <RowLink to={`/executions/${letter.id}`}>{letter.reason || letter.code}</RowLink>
        </p>
        <p className="truncate font-mono text-xs text-ink-3">
          {letter.code} · {shortId(letter.id)}
        </p>
      </div>
    ),
  },
  { key: "state", title: t("errors.state"), cell: (letter) => <Badge tone={TONES[letter.state]}>{t(`dead.state.${letter.state}`)}</Badge> },
  { key: "losses", title: t("dead.losses"), end: true, wide: true, cell: (letter) => letter.losses },
  { key: "at", title: t("errors.last"), cell: (letter) => <RelativeTime at={letter.created_at} /> },
  { key: "act", title: "", cell: (letter) => <Settle letter={letter} /> },
];

export function Component() {
  const [state, setState] = useSearchValue("state");
  return (
    <Page title={t("nav.errors")} filters={<ErrorsTabs />}>
      <div className="border-b px-6 py-3">
        <Segments
          label={t("errors.state")}
          value={state || ANY}
          onChange={(next) => setState(next === ANY ? "" : next)}
          options={[
            { value: ANY, label: t("errors.any") },
            ...STATES.map((option) => ({ value: option as string, label: t(`dead.state.${option}`) })),
          ]}
        />
      </div>
      <PagedTable
        label={t("nav.dead_letters")}
        loading={t("dead.loading")}
        query={listQuery("GET /api/v1/dead-letters", { state }, true)}
        columns={COLUMNS}
        rowKey={(letter) => letter.id}
        empty={
          state ? (
            <Empty icon={SearchX} title={t("list.no_match")} detail={t("list.no_match_detail")} />
          ) : (
            <Empty icon={MailX} title={t("dead.none")} detail={t("dead.none_detail")} />
          )
        }
      />
    </Page>
  );
}

function Settle({ letter: { id, state, retried_as: retriedAs } }: { letter: DeadLetter }) {
  const may = useMay("dead_letter.settle");
  const settle = useMutation({
    mutationFn: async (verb: "retry" | "discard") => {
      if (verb === "retry") await call("POST /api/v1/dead-letters/{id}/retry", { path: { id }, body: {} });
      else await call("POST /api/v1/dead-letters/{id}/discard", { path: { id } });
    },
    onSuccess: () => refresh(["dead-letters"], ["executions"]),
    onError: toastError,
  });
  if (retriedAs) {
    return (
      <Link to={`/executions/${retriedAs}`} className="relative font-mono text-xs text-brand-ink hover:underline">
        {shortId(retriedAs)}
      </Link>
    );
  }
  if (!may || state !== "open") return null;
  return (
    <span className="relative flex justify-end gap-2">
      <Button size="sm" disabled={settle.isPending} onClick={() => settle.mutate("retry")}>
        <RotateCw aria-hidden />
        {t("dead.retry")}
      </Button>
      <Button size="sm" variant="danger" disabled={settle.isPending} onClick={() => settle.mutate("discard")}>
        <Trash2 aria-hidden />
        {t("dead.discard")}
      </Button>
    </span>
  );
}
