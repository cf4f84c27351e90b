import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { call } from "@/api/client";
import type { Job } from "@/api/operations";
import type { Endpoints, Page } from "@/api/types";

const LIVE_MS = 5000;

/** Lists that come in pages of rows, whatever the rows are. */
type ListRoute = {
  [R in keyof Endpoints]: Endpoints[R] extends { query: { cursor?: string }; answer: Page<infer _> } ? R : never;
}[keyof Endpoints];
type RowOf<R extends ListRoute> = Endpoints[R] extends { answer: Page<infer Row> } ? Row : never;

/** A list over all its pages, kept fresh while it is on the screen if `live`. */
export function listQuery<R extends ListRoute>(route: R, filters: Record<string, string> = {}, live = false) {
  return infiniteQueryOptions({
    queryKey: [nameOf(route), "list", filters],
    queryFn: async ({ pageParam, signal }): Promise<Page<RowOf<R>>> => {
      const query = { limit: 50, ...filters, cursor: pageParam };
      const options = { query, signal } as unknown as Parameters<typeof call<R>>[1];
      return (await call(route, options)).data as Page<RowOf<R>>;
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    ...(live ? { refetchInterval: LIVE_MS } : {}),
  });
}

/** `GET /api/v1/error-groups` is kept under `error-groups`. */
function nameOf(route: string): string {
  return route.replace("GET /api/v1/", "");
}

export function approvalsQuery(id: string) {
  return queryOptions({
    queryKey: ["execution", id, "approvals"],
    queryFn: async ({ signal }) =>
      (await call("GET /api/v1/executions/{id}/approvals", { path: { id }, signal })).data.results,
  });
}

export function errorGroupQuery(id: string) {
  return queryOptions({
    queryKey: ["error-groups", id],
    queryFn: async ({ signal }) => (await call("GET /api/v1/error-groups/{id}", { path: { id }, signal })).data,
    refetchInterval: LIVE_MS,
  });
}

export function isUnderWay(job: Job): boolean {
  return job.state === "running" || job.state === "paused";
}

export function jobQuery(id: string) {
  return queryOptions({
    queryKey: ["jobs", id],
    queryFn: async ({ signal }) => (await call("GET /api/v1/jobs/{id}", { path: { id }, signal })).data,
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data) ? 1000 : false),
  });
}

export const queuesQuery = queryOptions({
  queryKey: ["queues"],
  queryFn: async ({ signal }) => (await call("GET /api/v1/queues", { signal })).data.results,
  refetchInterval: LIVE_MS,
});

export const workersHealthQuery = queryOptions({
  queryKey: ["workers", "health"],
  queryFn: async ({ signal }) => (await call("GET /api/v1/workers/health", { signal })).data,
  refetchInterval: LIVE_MS,
});

export const workersStatsQuery = queryOptions({
  queryKey: ["workers", "stats"],
  queryFn: async ({ signal }) => (await call("GET /api/v1/workers/stats", { signal })).data,
  refetchInterval: LIVE_MS,
});

export const cacheStatsQuery = queryOptions({
  queryKey: ["cache/stats"],
  queryFn: async ({ signal }) => (await call("GET /api/v1/cache/stats", { signal, query: { days: 7 } })).data,
  refetchInterval: LIVE_MS,
});

export const credentialKindsQuery = queryOptions({
  queryKey: ["credentials", "kinds"],
  queryFn: async ({ signal }) => (await call("GET /api/v1/credentials/kinds", { signal })).data.results,
  staleTime: 5 * 60_000,
});

/** The first credentials of the workspace, for choosing one. */
export const credentialChoicesQuery = queryOptions({
  queryKey: ["credentials", "choices"],
  queryFn: async ({ signal }) =>
    (await call("GET /api/v1/credentials", { signal, query: { limit: 200 } })).data.results,
});

/** The first workflows, for choosing one. */
export const workflowChoicesQuery = queryOptions({
  queryKey: ["workflows", "choices"],
  queryFn: async ({ signal }) => (await call("GET /api/v1/workflows", { signal, query: { limit: 200 } })).data.results,
});
