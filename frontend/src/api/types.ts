import type { OperationEndpoints } from "@/api/operations";

/**
 * The shapes of API v1 as the contract states them. Written by hand until the OpenAPI snapshot can
 * generate them; nothing else in the page describes an answer of the server.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type ExecutionStatus =
  | "queued"
  | "running"
  | "waiting"
  | "paused"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "rolling_back"
  | "rolled_back"
  | "rollback_failed";

export type StepStatus =
  | "pending"
  | "running"
  | "waiting"
  | "succeeded"
  | "failed"
  | "skipped"
  | "cancelled"
  | "undone";

export type WorkflowStatus = "draft" | "published" | "paused" | "archived";
export type Role = "owner" | "admin" | "editor" | "operator" | "viewer";

export interface Position {
  x: number;
  y: number;
}

export type OnError = "stop" | "continue" | "branch" | { fallback: string };

export interface RetrySettings {
  max_attempts?: number;
  backoff?: "exponential" | "fixed";
  base?: number;
  cap?: number;
  jitter?: boolean;
  [key: string]: unknown;
}

/** Node settings; keys the page has no control for yet are carried through untouched. */
export interface NodeSettings {
  timeout?: number;
  retry?: RetrySettings;
  on_error?: OnError;
  disabled?: boolean;
  note?: string;
  [key: string]: unknown;
}

export interface NodeDefinition {
  id: string;
  kind: string;
  name?: string;
  params?: JsonObject;
  settings?: NodeSettings;
  position?: Position;
  parent?: string;
}

export interface EdgeDefinition {
  from: string;
  to: string;
  port?: string;
}

export interface Definition {
  schema: "studio/1";
  nodes: NodeDefinition[];
  edges: EdgeDefinition[];
  settings?: JsonObject;
  notes?: Json;
}

export interface Problem {
  pointer: string;
  code: string;
  detail: string;
}

export interface Page<Item> {
  results: Item[];
  next: string | null;
}

export interface WorkflowSummary {
  id: string;
  name: string;
  slug: string;
  description: string;
  tags: string[];
  status: WorkflowStatus;
  published_version: number | null;
  created_at: string;
  updated_at: string;
}

export interface Workflow extends WorkflowSummary {
  draft: { definition: Definition; problems: Problem[] };
}

export interface WorkflowPatch {
  name?: string;
  description?: string;
  tags?: string[];
  definition?: Definition;
}

export type Effect = "none" | "read" | "write";

/** JSON Schema as pydantic writes it, with the page's own `x-` hints. */
export interface ParamsSchema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: Json;
  enum?: Json[];
  const?: Json;
  format?: string;
  properties?: Record<string, ParamsSchema>;
  required?: string[];
  items?: ParamsSchema | boolean;
  additionalProperties?: ParamsSchema | boolean;
  anyOf?: ParamsSchema[];
  oneOf?: ParamsSchema[];
  allOf?: ParamsSchema[];
  $ref?: string;
  $defs?: Record<string, ParamsSchema>;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  examples?: Json[];
  "x-template"?: boolean;
  "x-widget"?: string;
}

export interface NodeType {
  kind: string;
  label: string;
  category: string;
  summary: string;
  effect: Effect | null;
  ports: string[];
  params_schema: ParamsSchema;
  timeout?: number | null;
  /** Whether the kind runs the nodes inside it once per item. */
  opens_items?: boolean;
  example?: Json;
  docs?: string | null;
}

/** What the failing node, or the execution, says about its failure. */
export interface ErrorDocument {
  code?: string;
  category?: string;
  message?: string;
  node?: string;
  attempt?: number;
  [key: string]: unknown;
}

export interface Execution {
  id: string;
  workflow: string | { id: string; name?: string } | null;
  workflow_name?: string;
  version: number | string | null;
  status: ExecutionStatus;
  trigger: { node: string | null; kind: string | null } | null;
  input?: Json;
  output?: Json;
  error?: ErrorDocument | null;
  reason?: Json;
  queue?: string;
  region?: string | null;
  priority?: number;
  parent?: string | null;
  resumed_from?: string | null;
  tags?: Json;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  url?: string;
}

export type Iteration = { scope: string; index: number }[];

export interface Step {
  id: string;
  node: string;
  kind: string;
  iteration: Iteration;
  status: StepStatus;
  attempt: number;
  handled?: boolean;
  reason?: Json;
  input?: Json;
  output?: Json;
  error?: ErrorDocument | null;
  cache?: Json;
  due_at?: string | null;
  queued_at?: string | null;
  started_at?: string | null;
  finished_at?: string | null;
}

export interface StartedExecution {
  id: string;
  status: ExecutionStatus;
  url: string;
}

export interface User {
  id: string | number;
  email: string;
  name?: string;
  is_staff?: boolean;
}

export interface Me {
  user: User | null;
  workspace: { slug: string; name: string; [key: string]: unknown };
  role: Role;
  /** Every verb the caller may use, from the server's one table of roles. */
  may: string[];
  workspaces?: { slug: string; name: string; role: Role }[];
  tier?: string;
}

export interface Snapshot {
  type: "snapshot";
  seq: number;
  execution: Execution;
  steps: Step[];
}

/** A frame after the snapshot; `execution` and `step` are the rows as they stand after the event. */
export interface RunEvent {
  type: string;
  seq: number;
  at: string;
  execution?: string | Partial<Execution> | null;
  step?: (Partial<Step> & Pick<Step, "node">) | null;
}

export type Frame = Snapshot | RunEvent | { type: "gap" };

/** Every call the page makes: method and path, then what goes in and what comes out. */
export interface Endpoints extends OperationEndpoints {
  "GET /api/v1/session": { answer: { user: User | null } };
  "POST /api/v1/session": { body: { email: string; password: string }; answer: unknown };
  "DELETE /api/v1/session": { answer: undefined };
  "GET /api/v1/me": { answer: Me };
  "GET /api/v1/node-types": { answer: { results: NodeType[] } };
  "GET /api/v1/workflows": {
    query: { q?: string; status?: string; cursor?: string; limit?: number };
    answer: Page<WorkflowSummary>;
  };
  "POST /api/v1/workflows": { body: { name: string; definition?: Definition }; answer: Workflow };
  "GET /api/v1/workflows/{id}": { path: { id: string }; answer: Workflow };
  "PATCH /api/v1/workflows/{id}": { path: { id: string }; body: WorkflowPatch; answer: Workflow };
  "DELETE /api/v1/workflows/{id}": { path: { id: string }; answer: undefined };
  "POST /api/v1/workflows/{id}/publish": { path: { id: string }; answer: unknown };
  "POST /api/v1/workflows/{id}/run": {
    path: { id: string };
    body: { input?: Json; version?: "draft" | "published" | number; trigger?: string };
    answer: StartedExecution;
  };
  "GET /api/v1/executions": {
    query: { status?: string; workflow?: string; error_group?: string; cursor?: string; limit?: number };
    answer: Page<Execution>;
  };
  "GET /api/v1/executions/{id}": { path: { id: string }; answer: Execution };
  "GET /api/v1/executions/{id}/definition": { path: { id: string }; answer: Definition };
  "GET /api/v1/executions/{id}/steps": {
    path: { id: string };
    query: { cursor?: string; limit?: number };
    answer: Page<Step>;
  };
  "POST /api/v1/executions/{id}/cancel": { path: { id: string }; answer: unknown };
}
