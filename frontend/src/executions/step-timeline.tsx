import { useMemo, useState } from "react";

import type { Definition, NodeType, Step } from "@/api/types";
import { KindTile } from "@/canvas/kind-icon";
import type { Run } from "@/executions/use-run";
import { t } from "@/i18n";
import { nodeById } from "@/model/definition";
import { iterationPath, stepKey, stepsInOrder } from "@/model/run";
import { type Tone, toneOf } from "@/model/status";
import { formatDuration, spanOf } from "@/model/time";
import { barOf, type Range, rangeOf } from "@/model/timeline";
import { StatusIcon } from "@/ui/badge";
import { cn } from "@/ui/cn";
import { useNow } from "@/ui/time";

const ROW = 32;
const OVERSCAN = 8;
const FIRST_VIEW = 640;

const BARS: Record<Tone, string> = {
  neutral: "bg-control/60",
  muted: "bg-line-strong",
  info: "bg-info",
  success: "bg-success/75",
  danger: "bg-danger/80",
  warning: "bg-warning/70",
  accent: "bg-violet/75",
};

const TEXTS: Record<Tone, string> = {
  neutral: "text-ink-3",
  muted: "text-ink-3",
  info: "text-info",
  success: "text-success",
  danger: "text-danger",
  warning: "text-warning",
  accent: "text-violet",
};

interface StepTimelineProps {
  run: Run;
  definition: Definition;
  types: ReadonlyMap<string, NodeType>;
  selected: string | null;
  onSelect(node: string, step: string): void;
}

/** Steps over time, one row each; only the rows in view are drawn, for a run may have thousands. */
export function StepTimeline({ run, definition, types, selected, onSelect }: StepTimelineProps) {
  const [view, setView] = useState({ top: 0, height: FIRST_VIEW });
  const now = useNow(100, !run.final);
  const steps = useMemo(() => stepsInOrder(run.state), [run.state]);
  const range = rangeOf(steps, run.state.execution, now);
  const visible = Math.ceil(view.height / ROW) + 2 * OVERSCAN;
  const first = Math.max(0, Math.floor(view.top / ROW) - OVERSCAN);
  if (steps.length === 0) return <p className="p-4 text-ink-3">{t("run.no_steps")}</p>;
  return (
    <div
      className="min-h-0 flex-1 overflow-y-auto"
      onScroll={({ currentTarget: box }) => setView({ top: box.scrollTop, height: box.clientHeight })}
    >
      <ol aria-label={t("run.steps")} className="relative" style={{ height: steps.length * ROW }}>
        {steps.slice(first, first + visible).map((step, index) => (
          <li key={stepKey(step)} className="absolute inset-x-0" style={{ top: (first + index) * ROW, height: ROW }}>
            <TimelineRow
              step={step}
              name={nameOf(step, definition, types)}
              range={range}
              now={now}
              current={step.node === selected}
              onSelect={() => onSelect(step.node, stepKey(step))}
            />
          </li>
        ))}
      </ol>
    </div>
  );
}

function nameOf(step: Step, definition: Definition, types: ReadonlyMap<string, NodeType>): string {
  return nodeById(definition, step.node)?.name ?? types.get(step.kind)?.label ?? step.node;
}

interface TimelineRowProps {
  step: Step;
  name: string;
  range: Range;
  now: number;
  current: boolean;
  onSelect(): void;
}

function TimelineRow({ step, name, range, now, current, onSelect }: TimelineRowProps) {
  const bar = barOf(step, range, now);
  const span = spanOf(step.started_at, step.finished_at, now);
  const path = iterationPath(step.iteration);
  const tone = toneOf(step.status);
  return (
    <button
      type="button"
      data-testid={`step-row-${stepKey(step)}`}
      data-status={step.status}
      aria-current={current}
      onClick={onSelect}
      className={cn(
        "grid h-full w-full grid-cols-[minmax(9rem,16rem)_minmax(0,1fr)_4.5rem] items-center gap-3 px-3 text-left transition-colors hover:bg-subtle/70 focus-visible:-outline-offset-2",
        current && "bg-brand-soft/60 hover:bg-brand-soft/60",
      )}
    >
      <span className="flex min-w-0 items-center gap-2">
        <StatusIcon status={step.status} className={cn("shrink-0", TEXTS[tone])} />
        <KindTile kind={step.kind} size="xs" />
        <span className="truncate font-medium">{name}</span>
        <span className="truncate font-mono text-2xs text-ink-3">{path || step.node}</span>
        <span className="sr-only">{t(`status.${step.status}`)}</span>
      </span>
      <span aria-hidden className="relative h-2">
        {bar && (
          <span
            className={cn("absolute h-full min-w-1 rounded-full", BARS[tone], step.status === "running" && "animate-pulse")}
            style={{ left: `${bar.left}%`, width: `${bar.width}%` }}
          />
        )}
      </span>
      <span className="text-right text-xs text-ink-3 tabular-nums">{trailing(step, span)}</span>
    </button>
  );
}

function trailing(step: Step, span: number | null): string {
  if (step.status === "skipped") return t("status.skipped");
  return span === null ? "" : formatDuration(span);
}
