import type { ExecutionStatus, StepStatus, WorkflowStatus } from "@/api/types";

/** The colour family of a status; the icon and the word say the same without colour. */
export type Tone = "neutral" | "info" | "success" | "danger" | "warning" | "muted" | "accent";

export type AnyStatus = ExecutionStatus | StepStatus | WorkflowStatus;

const TONES: Record<AnyStatus, Tone> = {
  queued: "neutral",
  pending: "muted",
  running: "info",
  waiting: "warning",
  paused: "warning",
  succeeded: "success",
  failed: "danger",
  skipped: "muted",
  cancelled: "neutral",
  undone: "accent",
  rolling_back: "warning",
  rolled_back: "accent",
  rollback_failed: "danger",
  draft: "neutral",
  published: "success",
  archived: "muted",
};

const FINAL: ReadonlySet<string> = new Set<ExecutionStatus>([
  "succeeded",
  "failed",
  "cancelled",
  "rolled_back",
  "rollback_failed",
]);

export const EXECUTION_STATUSES: ExecutionStatus[] = [
  "queued",
  "running",
  "waiting",
  "paused",
  "succeeded",
  "failed",
  "cancelled",
  "rolling_back",
  "rolled_back",
  "rollback_failed",
];

export function toneOf(status: AnyStatus): Tone {
  return TONES[status] ?? "neutral";
}

/** Whether an execution has reached the state it never leaves. */
export function isFinal(status: ExecutionStatus): boolean {
  return FINAL.has(status);
}
