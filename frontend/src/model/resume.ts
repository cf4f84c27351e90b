import type { PlannedStep, ResumeRequest, VersionChoice } from "@/api/operations";
import type { Execution, Json, JsonObject } from "@/api/types";
import { iterationPath } from "@/model/run";

/** What somebody has chosen in the dialog that resumes an execution. */
export interface ResumeChoice {
  node: string;
  iteration: string;
  version: VersionChoice;
  /** Undefined: as it was. */
  input: Json | undefined;
  outputs: JsonObject;
  sendAgain: boolean;
}

export function resumeBody(choice: ResumeChoice): ResumeRequest {
  const { node, iteration, version, input, outputs, sendAgain } = choice;
  return {
    version,
    ...(node ? { from_node: node } : {}),
    ...(node && iteration ? { iteration } : {}),
    ...(input === undefined ? {} : { input }),
    ...(Object.keys(outputs).length > 0 ? { outputs } : {}),
    ...(sendAgain ? { send_again: true } : {}),
  };
}

/** `same`, `draft`, `published` or a number, as a select writes them. */
export function versionFrom(text: string): VersionChoice {
  return /^\d+$/.test(text) ? Number(text) : (text as VersionChoice);
}

/** A node's name in the request: `node`, or `node:each.3` within an iteration. */
export function plannedKey({ node, iteration }: Pick<PlannedStep, "node" | "iteration">): string {
  const path = iterationPath(iteration);
  return path === "" ? node : `${node}:${path}`;
}

export type ExecutionAction = "pause" | "continue" | "retry" | "resume" | "cancel";

const BY_STATUS: Partial<Record<Execution["status"], ExecutionAction[]>> = {
  queued: ["pause", "cancel"],
  running: ["pause", "cancel"],
  waiting: ["pause", "cancel"],
  paused: ["continue", "cancel"],
  rolling_back: [],
  failed: ["resume", "retry"],
  cancelled: ["resume", "retry"],
  succeeded: ["resume"],
  rolled_back: ["resume"],
  rollback_failed: ["resume"],
};

const VERBS: Record<ExecutionAction, string> = {
  pause: "execution.cancel",
  continue: "execution.cancel",
  retry: "execution.resume",
  resume: "execution.resume",
  cancel: "execution.cancel",
};

/** What may be done with an execution in its state by somebody with these verbs. */
export function actionsFor(status: Execution["status"], may: readonly string[]): ExecutionAction[] {
  return (BY_STATUS[status] ?? []).filter((action) => may.includes(VERBS[action]));
}
