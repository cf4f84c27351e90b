import type { ErrorGroup, GroupState, Job } from "@/api/operations";
import type { Tone } from "@/model/status";

/** The tabs of the list, in order; an empty one shows all. */
export const GROUP_STATES: GroupState[] = ["new", "ongoing", "regressed", "resolved", "ignored"];

const TONES: Record<GroupState, Tone> = {
  new: "info",
  ongoing: "warning",
  regressed: "danger",
  resolved: "success",
  ignored: "muted",
};

export function toneOfGroup(state: GroupState): Tone {
  return TONES[state] ?? "neutral";
}

export type Settlement = "resolve" | "ignore" | "reopen";

/** What may be said about a group in its state. */
export function settlementsFor({ state }: Pick<ErrorGroup, "state">): Settlement[] {
  return state === "resolved" || state === "ignored" ? ["reopen"] : ["resolve", "ignore"];
}

/** A choice of the menu as the request has it: `s3600` seconds from now, `c10` times more. */
export function ignoreBody(choice: string, now: number): { until?: string; count?: number } {
  const amount = Number(choice.slice(1));
  if (choice.startsWith("s")) return { until: new Date(now + amount * 1000).toISOString() };
  return choice.startsWith("c") ? { count: amount } : {};
}

/** `1,10` as the stages of a job; an empty text is all at once. */
export function canaryFrom(text: string): number[] {
  return text === "" ? [] : text.split(",").map(Number);
}

/** How far a job is, in percent of what it has to do. */
export function progressOf(job: Pick<Job, "total" | "done" | "failed" | "skipped">): number {
  if (job.total === 0) return 100;
  return Math.round((100 * (job.done + job.failed + job.skipped)) / job.total);
}
