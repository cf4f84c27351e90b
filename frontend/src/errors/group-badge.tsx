import { BellOff, CircleCheck, CircleDot, CirclePlus, type LucideIcon, Undo2 } from "lucide-react";

import type { ErrorGroup, GroupState } from "@/api/operations";
import { t } from "@/i18n";
import { toneOfGroup } from "@/model/errors";
import { absoluteTime } from "@/model/time";
import { Badge } from "@/ui/badge";

const ICONS: Record<GroupState, LucideIcon> = {
  new: CirclePlus,
  ongoing: CircleDot,
  regressed: Undo2,
  resolved: CircleCheck,
  ignored: BellOff,
};

export function GroupBadge({ group }: { group: ErrorGroup }) {
  const Icon = ICONS[group.state] ?? CircleDot;
  return (
    <Badge tone={toneOfGroup(group.state)}>
      <Icon aria-hidden />
      {t(`errors.state.${group.state}`)}
    </Badge>
  );
}

/** Until when an ignored group is left alone, or who resolved it. */
export function settledText(group: ErrorGroup): string | null {
  if (group.state === "resolved" && group.resolved_by) return t("errors.by", { name: group.resolved_by });
  if (group.state !== "ignored") return null;
  if (group.ignored_until) return t("errors.ignored_until", { time: absoluteTime(group.ignored_until) });
  return group.ignored_until_count ? t("errors.ignored_count", { count: group.ignored_until_count }) : null;
}
