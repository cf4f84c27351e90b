import type { Problem } from "@/api/types";

/** The body of every refusal: `application/problem+json`. */
export interface ProblemDocument {
  type?: string;
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  request_id?: string;
  errors?: Problem[];
}

/** A refusal by the server, or a failure to reach it (`status` 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly problem: ProblemDocument,
    readonly retryAfter: number | null = null,
  ) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
  }

  get code(): string {
    return this.problem.code ?? "";
  }

  get requestId(): string | null {
    return this.problem.request_id ?? null;
  }

  get errors(): Problem[] {
    return this.problem.errors ?? [];
  }
}

/** Whether trying the same call again may go better. */
export function isTransient(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}
