import type { Execution, Step } from "@/api/types";
import { spanOf } from "@/model/time";

/** The stretch of time that a run's rows are drawn over, in milliseconds. */
export interface Range {
  from: number;
  length: number;
}

/** From the first beginning to the last end; an open step reaches to `now`. */
export function rangeOf(steps: readonly Step[], execution: Execution | null, now: number): Range {
  const begun = steps.flatMap(({ started_at: at }) => (at ? [Date.parse(at)] : []));
  if (execution?.started_at) begun.push(Date.parse(execution.started_at));
  const ends = steps.map((step) => endOf(step, now));
  if (begun.length === 0) return { from: now, length: 1 };
  const from = begun.reduce((a, b) => Math.min(a, b));
  const to = ends.reduce((a, b) => Math.max(a, b), from);
  return { from, length: Math.max(1, to - from) };
}

function endOf(step: Step, now: number): number {
  if (!step.started_at) return 0;
  return step.finished_at ? Date.parse(step.finished_at) : now;
}

/** Where a step's bar begins and how wide it is, in percent; null before it has begun. */
export function barOf(step: Step, range: Range, now: number): { left: number; width: number } | null {
  const span = spanOf(step.started_at, step.finished_at, now);
  if (span === null || !step.started_at) return null;
  const left = (100 * (Date.parse(step.started_at) - range.from)) / range.length;
  return { left: clamp(left), width: Math.min(100 - clamp(left), (100 * span) / range.length) };
}

function clamp(percent: number): number {
  return Math.min(100, Math.max(0, percent));
}
