import type { Execution, ExecutionStatus, Iteration, Json, JsonObject, Page, Role } from "@/api/types";

/** The shapes of what people repair and operate with, as `docs/openapi.json` states them. */

export type VersionChoice = "same" | "draft" | "published" | number;

export interface ResumeRequest {
  from_node?: string | null;
  iteration?: string;
  version?: VersionChoice;
  input?: Json;
  outputs?: JsonObject;
  send_again?: boolean;
  dry_run?: boolean;
}

export interface PlannedStep {
  node: string;
  iteration: Iteration;
  action: "kept" | "edited" | "reopened" | "rerun";
  reason: "named" | "downstream" | "unfinished" | "changed" | "new" | null;
  after: string | null;
  repeats: boolean;
}

export interface ResumePlan {
  counts: { kept: number; edited: number; reopened: number; rerun: number; undone: number; repeats: number };
  steps: PlannedStep[];
  truncated: boolean;
}

export interface Resumed {
  id: string;
  status: ExecutionStatus;
  url: string;
}

export interface ApprovalField {
  name: string;
  title: string;
  type: "string" | "number" | "integer" | "boolean";
  required: boolean;
  choices: string[] | null;
}

export interface Approval {
  message: string;
  required: number;
  form: ApprovalField[];
  deadline: string | null;
  name: string;
  node: string;
  iteration: Iteration;
  approvers: string[];
  decisions: JsonObject[];
  may_decide: boolean;
}

export interface Decision {
  decision: "approve" | "reject";
  comment?: string;
  form?: JsonObject;
}

export type GroupState = "new" | "ongoing" | "regressed" | "resolved" | "ignored";

export interface ErrorGroup {
  id: string;
  kind: string;
  category: string;
  code: string;
  template: string;
  message: string;
  state: GroupState;
  count: number;
  first_seen_at: string;
  last_seen_at: string;
  last_execution: string;
  ignored_until: string | null;
  ignored_until_count: number | null;
  resolved_by: string;
}

export interface ErrorGroupDetail extends ErrorGroup {
  workflows: { id: string; name: string; count: number; last_seen_at: string }[];
  samples: Execution[];
  to_retry: number;
  job: Job | null;
  why: {
    algorithm: number;
    same: { kind: string; category: string; code: string; template: string };
    left_out: string[];
  };
}

export interface JobOptions {
  version?: VersionChoice;
  canary?: number[];
  dry_run?: boolean;
}

export interface Job {
  id: string;
  verb: string;
  error_group: string | null;
  state: "running" | "paused" | "stopped" | "finished";
  stop_reason: { code: string; execution?: string; error_group?: string } | null;
  total: number;
  pending: number;
  started: number;
  done: number;
  failed: number;
  skipped: number;
  canary: number[];
  stage: number;
  created_by: string;
  created_at: string;
  finished_at: string | null;
}

/** What a job would be: the answer to a dry run. */
export interface LookAhead {
  verb: string;
  total: number;
  sample: string[];
}

export type DeadLetterState = "open" | "retried" | "discarded";

export interface DeadLetter {
  id: string;
  workflow: string | null;
  state: DeadLetterState;
  code: string;
  reason: string;
  losses: number;
  created_at: string;
  settled_by: string;
  retried_as: string | null;
}

export interface WorkerRow {
  id: string;
  name: string;
  region: string;
  queues: string[];
  status: "alive" | "draining" | "stopped" | "dead";
  slots: number;
  in_flight: number;
  finished: number;
  loop_lag_ms: number;
  version: string;
  started_at: string;
  heartbeat_at: string;
}

export interface QueueRow {
  queue: string;
  region: string;
  depth: number;
  oldest_seconds: number | null;
  workers: number;
}

export interface WorkersHealth {
  status: "ok" | "degraded" | "down";
  alive: number;
  draining: number;
  unserved_queues: string[];
}

export interface WorkersStats {
  workers: { workers: number; slots: number; in_flight: number; finished: number };
  executions: { queued: number; running: number; waiting: number; finished_last_minute: number };
}

export type BreakerPhase = "closed" | "open" | "half_open";

export interface Breaker {
  key: string;
  kind: string;
  target: string;
  phase: BreakerPhase;
  shared: boolean;
  forced: boolean;
  reason: string;
  set_by: string;
  since: string;
  until: string | null;
  calls: { good: number; failed: number; in_a_row: number };
  trips: number;
  refused: number;
  error_code: string;
}

export interface ForceRequest {
  reason: string;
  expires_in?: number | null;
}

export interface CacheSums {
  hits: number;
  stale: number;
  shared: number;
  revalidated: number;
  misses: number;
  bypassed: number;
  not_stored: number;
  stored_bytes: number;
  hit_rate: number | null;
  saved_seconds: number;
  shadow: { calls: number; would_hit: number; hit_rate: number | null; saved_seconds: number };
}

export interface CacheStats {
  since: string;
  entries: number;
  total: CacheSums;
  kinds: (CacheSums & { kind: string })[];
  shadow: { workflow: string | null; until: string }[];
}

export interface CacheEntry {
  key: string;
  kind: string;
  workflow: string | null;
  execution: string | null;
  tags: string[];
  size_bytes: number;
  seconds: number;
  stored_at: string;
  fresh_until: string;
}

export interface CacheScope {
  kind?: string;
  workflow?: string;
  tag?: string;
  key?: string;
  all?: boolean;
}

export interface Invalidated {
  entries: number;
  bytes: number;
}

export interface CredentialKind {
  kind: string;
  label: string;
  fields: { name: string; label: string; secret: boolean; required: boolean; choices: string[] }[];
}

export interface Credential {
  id: string;
  name: string;
  kind: string;
  field_names: string[];
  created_by?: string | null;
  created_at: string;
  updated_at: string;
  last_used_at: string | null;
}

export interface ApiKey {
  id: string;
  name: string;
  role: Role;
  scopes: string[] | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

export interface NewApiKey {
  name: string;
  role: Role;
  expires_at?: string | null;
}

export interface Member {
  id: string;
  email: string;
  name: string;
  role: Role;
  created_at: string;
}

interface Id {
  path: { id: string };
}

interface Paged {
  cursor?: string;
  limit?: number;
}

/** The calls of the pages that repair and operate. */
export interface OperationEndpoints {
  "POST /api/v1/executions/{id}/pause": Id & { answer: unknown };
  "POST /api/v1/executions/{id}/continue": Id & { answer: unknown };
  "POST /api/v1/executions/{id}/retry": Id & { answer: Resumed };
  "POST /api/v1/executions/{id}/resume": Id & { body: ResumeRequest; answer: Resumed | ResumePlan };
  "GET /api/v1/executions/{id}/approvals": Id & { answer: { results: Approval[] } };
  "POST /api/v1/executions/{id}/signals/{name}": {
    path: { id: string; name: string };
    body: Decision;
    answer: unknown;
  };
  "GET /api/v1/error-groups": { query: Paged & { state?: string; q?: string }; answer: Page<ErrorGroup> };
  "GET /api/v1/error-groups/{id}": Id & { answer: ErrorGroupDetail };
  "POST /api/v1/error-groups/{id}/resolve": Id & { answer: ErrorGroup };
  "POST /api/v1/error-groups/{id}/reopen": Id & { answer: ErrorGroup };
  "POST /api/v1/error-groups/{id}/ignore": Id & {
    body: { until?: string; count?: number };
    answer: ErrorGroup;
  };
  "POST /api/v1/error-groups/{id}/retry": Id & { body: JobOptions; answer: Job | LookAhead };
  "GET /api/v1/dead-letters": { query: Paged & { state?: string }; answer: Page<DeadLetter> };
  "POST /api/v1/dead-letters/{id}/retry": Id & { body: { version?: VersionChoice }; answer: DeadLetter };
  "POST /api/v1/dead-letters/{id}/discard": Id & { answer: DeadLetter };
  "GET /api/v1/jobs/{id}": Id & { answer: Job };
  "POST /api/v1/jobs/{id}/pause": Id & { answer: Job };
  "POST /api/v1/jobs/{id}/continue": Id & { answer: Job };
  "POST /api/v1/jobs/{id}/abort": Id & { answer: Job };
  "GET /api/v1/workers": { query: Paged & { status?: string }; answer: Page<WorkerRow> };
  "GET /api/v1/workers/health": { answer: WorkersHealth };
  "GET /api/v1/workers/stats": { answer: WorkersStats };
  "GET /api/v1/queues": { answer: { results: QueueRow[] } };
  "GET /api/v1/breakers": { query: Paged & { phase?: string }; answer: Page<Breaker> };
  "POST /api/v1/breakers/{key}/open": { path: { key: string }; body: ForceRequest; answer: Breaker };
  "POST /api/v1/breakers/{key}/close": { path: { key: string }; body: ForceRequest; answer: Breaker };
  "POST /api/v1/breakers/{key}/reset": { path: { key: string }; body: { reason?: string }; answer: Breaker };
  "GET /api/v1/cache/stats": { query: { days?: number }; answer: CacheStats };
  "GET /api/v1/cache/entries": { query: Paged & { kind?: string }; answer: Page<CacheEntry> };
  "POST /api/v1/cache/invalidate": { body: CacheScope & { dry_run?: boolean }; answer: Invalidated };
  "POST /api/v1/cache/shadow": { body: { seconds: number }; answer: unknown };
  "GET /api/v1/credentials": { query: Paged; answer: Page<Credential> };
  "GET /api/v1/credentials/kinds": { answer: { results: CredentialKind[] } };
  "GET /api/v1/credentials/{id}": Id & { answer: Credential };
  "POST /api/v1/credentials": {
    body: { name: string; kind: string; fields: Record<string, string> };
    answer: Credential;
  };
  "PATCH /api/v1/credentials/{id}": Id & {
    body: { name?: string; fields?: Record<string, string> };
    answer: Credential;
  };
  "DELETE /api/v1/credentials/{id}": Id & { answer: undefined };
  "GET /api/v1/api-keys": { query: Paged; answer: Page<ApiKey> };
  "POST /api/v1/api-keys": { body: NewApiKey; answer: ApiKey & { key: string | null } };
  "DELETE /api/v1/api-keys/{id}": Id & { answer: undefined };
  "GET /api/v1/members": { query: Paged; answer: Page<Member> };
}
