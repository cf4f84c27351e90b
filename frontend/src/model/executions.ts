import type { Execution } from "@/api/types";

/** Id and name of the workflow an execution belongs to; an ad hoc run has neither. */
export function workflowOf(execution: Execution): { id: string | null; name: string | null } {
  const { workflow } = execution;
  if (workflow === null || workflow === undefined) return { id: null, name: execution.workflow_name ?? null };
  if (typeof workflow === "string") return { id: workflow, name: execution.workflow_name ?? null };
  return { id: workflow.id, name: workflow.name ?? execution.workflow_name ?? null };
}

/** The last eight characters tell ids apart: the first ones of a UUIDv7 are the time. */
export function shortId(id: string): string {
  return id.slice(-8);
}

/** Why an execution waits, in one line, whatever shape the reason has. */
export function reasonText(reason: unknown): string | null {
  if (typeof reason === "string" && reason !== "") return reason;
  if (reason && typeof reason === "object") {
    const { detail, message, code } = reason as Record<string, unknown>;
    const text = detail ?? message ?? code;
    return typeof text === "string" ? text : JSON.stringify(reason);
  }
  return null;
}
