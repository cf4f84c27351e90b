import type { ErrorDocument, Json, NodeSettings, Step } from "@/api/types";

export interface RetryState {
  attempt: number;
  /** How many tries there are in all, by the settings of the node as they ran; null if they do not say. */
  most: number | null;
  category: string;
  dueAt: string;
}

/** Between two tries a step waits with the error of the last one and the time of the next. */
export function retryState(step: Step, settings: NodeSettings | undefined): RetryState | null {
  const { status, error, due_at: dueAt, attempt } = step;
  if (status !== "waiting" || !error || !dueAt) return null;
  return { attempt, most: mostAttempts(settings, error), category: error.category ?? "", dueAt };
}

interface RetryRule {
  category?: string[];
  max_attempts?: number;
}

/** The first rule for the category decides, as the engine has it; otherwise the node's own number. */
function mostAttempts(settings: NodeSettings | undefined, error: ErrorDocument): number | null {
  const retry = settings?.retry;
  const rules = Array.isArray(retry?.rules) ? (retry.rules as RetryRule[]) : [];
  const rule = rules.find(({ category }) => category?.includes(error.category ?? ""));
  return rule?.max_attempts ?? retry?.max_attempts ?? null;
}

export interface CacheState {
  status: string;
  reason: string | null;
  savedSeconds: number | null;
  /** The execution that worked the output out. */
  execution: string | null;
}

/** What the cache did for a step, or null where it had nothing to do. */
export function cacheState(cache: Json | undefined): CacheState | null {
  if (!cache || typeof cache !== "object" || Array.isArray(cache)) return null;
  const { status, reason, saved_seconds: saved, execution } = cache;
  if (typeof status !== "string") return null;
  return {
    status,
    reason: typeof reason === "string" ? reason : null,
    savedSeconds: typeof saved === "number" ? saved : null,
    execution: typeof execution === "string" ? execution : null,
  };
}

const SERVED: ReadonlySet<string> = new Set(["hit", "stale", "shared", "revalidated"]);

/** Whether the output was there already, so that the call was not made. */
export function isFromCache(cache: Json | undefined): boolean {
  return SERVED.has(cacheState(cache)?.status ?? "");
}

/** The breaker an execution waits for, if that is what it waits for. */
export function awaitedBreaker(reason: Json | undefined): { node: string; key: string } | null {
  if (!reason || typeof reason !== "object" || Array.isArray(reason)) return null;
  const { breaker, node } = reason;
  return typeof breaker === "string" ? { node: typeof node === "string" ? node : "", key: breaker } : null;
}
