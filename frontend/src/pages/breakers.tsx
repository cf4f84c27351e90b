import { Ellipsis, SearchX, ShieldCheck } from "lucide-react";
import { useState } from "react";

import { listQuery } from "@/api/operation-queries";
import type { Breaker, BreakerPhase } from "@/api/operations";
import { useMay } from "@/api/use-may";
import { t } from "@/i18n";
import { toneOfPhase } from "@/model/operate";
import { absoluteTime } from "@/model/time";
import { BreakerDialog, type BreakerDeed } from "@/operate/breaker-dialog";
import { useSearchValue } from "@/pages/use-address";
import { Badge } from "@/ui/badge";
import { IconButton } from "@/ui/button";
import type { Column } from "@/ui/data-table";
import { Empty } from "@/ui/empty";
import { Select } from "@/ui/field";
import { Menu, MenuContent, MenuItem, MenuTrigger } from "@/ui/menu";
import { Page } from "@/ui/page";
import { PagedTable } from "@/ui/paged-table";
import { RelativeTime } from "@/ui/time";

const PHASES: BreakerPhase[] = ["closed", "open", "half_open"];

const COLUMNS: Column<Breaker>[] = [
  {
    key: "target",
    title: t("breakers.target"),
    className: "max-w-0 w-full",
    cell: (breaker) => (
      <div className="min-w-0">
        <p className="truncate font-medium">{breaker.target}</p>
        <p className="truncate text-xs text-ink-3">
          <span className="font-mono">{breaker.kind}</span>
          {breaker.shared && ` · ${t("breakers.shared")}`}
        </p>
      </div>
    ),
  },
  {
    key: "phase",
    title: t("breakers.phase"),
    cell: (breaker) => (
      <div className="flex flex-col gap-0.5" data-testid="phase" data-phase={breaker.phase}>
        <Badge tone={toneOfPhase(breaker.phase)}>{t(`breakers.phase.${breaker.phase}`)}</Badge>
        {breaker.forced && <span className="max-w-64 truncate text-xs text-ink-3" title={heldText(breaker)}>{heldText(breaker)}</span>}
      </div>
    ),
  },
  { key: "calls", title: t("breakers.calls"), end: true, cell: ({ calls }) => `${calls.good} / ${calls.failed}` },
  { key: "refused", title: t("breakers.refused"), end: true, wide: true, cell: (breaker) => breaker.refused },
  { key: "error", title: t("breakers.error"), wide: true, cell: (breaker) => <code className="font-mono text-xs">{breaker.error_code || "–"}</code> },
  { key: "since", title: t("breakers.since"), cell: (breaker) => <RelativeTime at={breaker.since} /> },
  {
    key: "next",
    title: t("breakers.next"),
    wide: true,
    cell: ({ phase, forced, until }) => (phase === "open" && !forced && until ? <RelativeTime at={until} /> : "–"),
  },
  { key: "act", title: "", cell: (breaker) => <BreakerMenu breaker={breaker} /> },
];

function heldText({ set_by: name, until, reason }: Breaker): string {
  const held = until
    ? t("breakers.forced_until", { name, time: absoluteTime(until) })
    : t("breakers.forced", { name });
  return reason ? `${held}: ${reason}` : held;
}

export function Component() {
  const [phase, setPhase] = useSearchValue("phase");
  return (
    <Page
      title={t("nav.breakers")}
      filters={
        <Select aria-label={t("breakers.phase")} className="w-44" value={phase} onChange={({ target }) => setPhase(target.value)}>
          <option value="">{t("breakers.any")}</option>
          {PHASES.map((option) => (
            <option key={option} value={option}>
              {t(`breakers.phase.${option}`)}
            </option>
          ))}
        </Select>
      }
    >
      <PagedTable
        label={t("nav.breakers")}
        loading={t("breakers.loading")}
        query={listQuery("GET /api/v1/breakers", { phase }, true)}
        columns={COLUMNS}
        rowKey={(breaker) => breaker.key}
        empty={
          phase ? (
            <Empty icon={SearchX} title={t("list.no_match")} detail={t("list.no_match_detail")} />
          ) : (
            <Empty icon={ShieldCheck} title={t("breakers.none")} detail={t("breakers.none_detail")} />
          )
        }
      />
    </Page>
  );
}

const DEEDS: BreakerDeed[] = ["open", "close", "reset"];

function BreakerMenu({ breaker }: { breaker: Breaker }) {
  const may = useMay("breaker.operate");
  const [deed, setDeed] = useState<BreakerDeed | null>(null);
  if (!may) return null;
  return (
    <span className="flex justify-end">
      <Menu>
        <MenuTrigger asChild>
          <IconButton size="sm" label={t("breakers.menu", { target: breaker.target })}>
            <Ellipsis aria-hidden />
          </IconButton>
        </MenuTrigger>
        <MenuContent align="end">
          {DEEDS.map((option) => (
            <MenuItem key={option} onSelect={() => setDeed(option)}>
              {t(`breakers.${option}`)}
            </MenuItem>
          ))}
        </MenuContent>
      </Menu>
      {deed && <BreakerDialog breaker={breaker} deed={deed} onClose={() => setDeed(null)} />}
    </span>
  );
}
