import {
  Archive,
  Ban,
  CircleCheck,
  CircleDashed,
  CirclePause,
  CircleX,
  Clock,
  FileClock,
  type LucideIcon,
  LoaderCircle,
  RadioTower,
  SkipForward,
  Undo2,
} from "lucide-react";
import type { ReactNode } from "react";

import { t } from "@/i18n";
import { type AnyStatus, type Tone, toneOf } from "@/model/status";
import { cn } from "@/ui/cn";

const TONES: Record<Tone, string> = {
  neutral: "bg-subtle text-ink-2",
  muted: "bg-subtle text-ink-3",
  info: "bg-info-soft text-info",
  success: "bg-success-soft text-success",
  danger: "bg-danger-soft text-danger",
  warning: "bg-warning-soft text-warning",
  accent: "bg-violet-soft text-violet",
};

const ICONS: Record<AnyStatus, LucideIcon> = {
  queued: Clock,
  pending: CircleDashed,
  running: LoaderCircle,
  waiting: Clock,
  paused: CirclePause,
  succeeded: CircleCheck,
  failed: CircleX,
  skipped: SkipForward,
  cancelled: Ban,
  undone: Undo2,
  rolling_back: Undo2,
  rolled_back: Undo2,
  rollback_failed: CircleX,
  draft: FileClock,
  published: RadioTower,
  archived: Archive,
};

export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={cn(
        "inline-flex h-5 w-fit items-center gap-1 rounded-full px-2 text-2xs font-medium whitespace-nowrap [&_svg]:size-3",
        TONES[tone],
      )}
    >
      {children}
    </span>
  );
}

export function StatusIcon({ status, className }: { status: AnyStatus; className?: string }) {
  const Icon = ICONS[status] ?? CircleDashed;
  return <Icon aria-hidden className={cn("size-3.5", status === "running" && "animate-spin", className)} />;
}

/** A status in colour, icon and word at once, so that no one of them has to carry it. */
export function StatusBadge({ status }: { status: AnyStatus }) {
  return (
    <Badge tone={toneOf(status)}>
      <StatusIcon status={status} />
      {t(`status.${status}`)}
    </Badge>
  );
}
