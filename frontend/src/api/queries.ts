import {
  infiniteQueryOptions,
  QueryClient,
  queryOptions,
  type QueryKey,
} from "@tanstack/react-query";

import { call, setWorkspace } from "@/api/client";
import { ApiError, isTransient } from "@/api/problem";
import type { Me, NodeType, Step, Workflow } from "@/api/types";
import { emptyDefinition } from "@/model/definition";
import { isFinal } from "@/model/status";
import { chooseWorkspace, chosenWorkspace } from "@/stores/workspace";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) => count < 2 && isTransient(error),
    },
  },
});

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }) => (await call("GET /api/v1/session", { signal })).data,
  staleTime: 60_000,
});

/** Who is at work, where, and as what; naming the workspace for all calls that follow. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }) => {
    const data = await readMe(signal);
    setWorkspace(data.workspace.slug);
    return data;
  },
  staleTime: 60_000,
});

/** In the workspace chosen last; in the first one when that is gone, or closed to this person. */
async function readMe(signal: AbortSignal): Promise<Me> {
  const chosen = chosenWorkspace();
  setWorkspace(chosen);
  try {
    return (await call("GET /api/v1/me", { signal })).data;
  } catch (error) {
    const closed = error instanceof ApiError && (error.status === 403 || error.status === 404);
    if (!chosen || !closed) throw error;
    chooseWorkspace(null);
    setWorkspace(null);
    return (await call("GET /api/v1/me", { signal })).data;
  }
}

export const nodeTypesQuery = queryOptions({
  queryKey: ["node-types"],
  queryFn: async ({ signal }) => {
    const { data } = await call("GET /api/v1/node-types", { signal });
    return new Map<string, NodeType>(data.results.map((type) => [type.kind, type]));
  },
  staleTime: 5 * 60_000,
});

export function workflowsQuery({ search, status }: { search: string; status: string }) {
  return infiniteQueryOptions({
    queryKey: ["workflows", { search, status }],
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: 50, q: search, status, cursor: pageParam };
      return (await call("GET /api/v1/workflows", { query, signal })).data;
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
}

/** Saves on their way, by workflow: whoever opens it again must not read what they replace. */
export const savesUnderWay = new Map<string, Promise<unknown>>();

/** The workflow with its ETag, without which nothing may be saved. */
export function workflowQuery(id: string) {
  return queryOptions({
    queryKey: ["workflow", id],
    queryFn: async ({ signal }) => {
      await savesUnderWay.get(id);
      const { data, etag } = await call("GET /api/v1/workflows/{id}", { path: { id }, signal });
      return { workflow: withWholeDraft(data), etag };
    },
    staleTime: Infinity, // the editor owns the draft while it is open
    gcTime: 0,
  });
}

/** A workflow that was only named so far may have a draft without lists. */
export function withWholeDraft(workflow: Workflow): Workflow {
  const definition = { ...emptyDefinition(), ...workflow.draft?.definition };
  return { ...workflow, draft: { definition, problems: workflow.draft?.problems ?? [] } };
}

export interface ExecutionFilters {
  status: string;
  workflow: string;
  error_group: string;
}

export function executionsQuery(filters: ExecutionFilters) {
  return infiniteQueryOptions({
    queryKey: ["executions", filters],
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: 50, ...filters, cursor: pageParam };
      return (await call("GET /api/v1/executions", { query, signal })).data;
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    refetchInterval: ({ state }) => {
      const rows = state.data?.pages.flatMap((page) => page.results) ?? [];
      return rows.some((row) => !isFinal(row.status)) ? 4000 : false;
    },
  });
}

export function executionQuery(id: string) {
  return queryOptions({
    queryKey: ["execution", id],
    queryFn: async ({ signal }) => (await call("GET /api/v1/executions/{id}", { path: { id }, signal })).data,
  });
}

export function executionDefinitionQuery(id: string) {
  return queryOptions({
    queryKey: ["execution", id, "definition"],
    queryFn: async ({ signal }) =>
      (await call("GET /api/v1/executions/{id}/definition", { path: { id }, signal })).data,
    staleTime: Infinity,
  });
}

const STEP_PAGES = 10;

/** All steps, up to the first two thousand; a run with more is read in the step list's own pages. */
export function stepsQuery(id: string) {
  return queryOptions({
    queryKey: ["execution", id, "steps"],
    queryFn: async ({ signal }) => {
      const steps: Step[] = [];
      let cursor: string | null = "";
      for (let page = 0; page < STEP_PAGES && cursor !== null; page += 1) {
        const query: { limit: number; cursor: string } = { limit: 200, cursor };
        const { data } = await call("GET /api/v1/executions/{id}/steps", { path: { id }, query, signal });
        steps.push(...data.results);
        cursor = data.next;
      }
      return steps;
    },
  });
}

/** Forget what belongs to the person who signed out. */
export function forgetEverything(): void {
  setWorkspace(null);
  queryClient.clear();
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

export function refresh(...keys: QueryKey[]): void {
  for (const queryKey of keys) void queryClient.invalidateQueries({ queryKey });
}
