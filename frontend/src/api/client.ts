import { ApiError, type ProblemDocument } from "@/api/problem";
import type { Endpoints } from "@/api/types";

type Route = keyof Endpoints;
type Part<R extends Route, Name extends string> = Endpoints[R] extends { [K in Name]: infer Value }
  ? { [K in Name]: Value }
  : { [K in Name]?: undefined };
type Options<R extends Route> = Part<R, "path"> &
  Part<R, "body"> &
  (Endpoints[R] extends { query: infer Query } ? { query?: Query } : { query?: undefined }) & {
    headers?: Record<string, string>;
    signal?: AbortSignal;
  };
type AnswerOf<R extends Route> = Endpoints[R] extends { answer: infer A } ? A : never;

export interface Reply<R extends Route> {
  data: AnswerOf<R>;
  etag: string | null;
}

let workspace: string | null = null;
let onSignedOut: () => void = () => undefined;

/** Name the workspace that all further calls speak for. */
export function setWorkspace(slug: string | null): void {
  workspace = slug;
}

/** Be told when the server no longer accepts the session. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** Call one endpoint; a refusal is thrown as `ApiError`. */
export async function call<R extends Route>(route: R, options: Options<R>): Promise<Reply<R>> {
  const [method = "GET", template = ""] = route.split(" ");
  const response = await send(urlOf(template, options.path as object | undefined, options.query as object | undefined), {
    method,
    headers: headersFor(method, options),
    body: options.body === undefined ? null : JSON.stringify(options.body),
    credentials: "same-origin",
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (!response.ok) throw await refusal(response, template);
  const text = response.status === 204 ? "" : await response.text();
  return {
    data: (text === "" ? undefined : JSON.parse(text)) as AnswerOf<R>,
    etag: response.headers.get("ETag"),
  };
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, { code: "unreachable", title: "Studio cannot be reached" });
  }
}

function urlOf(template: string, path: object | undefined, query: object | undefined): string {
  const values = (path ?? {}) as Record<string, string>;
  const url = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  return search.size > 0 ? `${url}?${search}` : url;
}

function headersFor<R extends Route>(method: string, options: Options<R>): Record<string, string> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (workspace) headers["Studio-Workspace"] = workspace;
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = cookie("csrftoken");
  return { ...headers, ...options.headers };
}

function cookie(name: string): string {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

async function refusal(response: Response, template: string): Promise<ApiError> {
  if (response.status === 401 && template !== "/api/v1/session") onSignedOut();
  const retryAfter = Number(response.headers.get("Retry-After"));
  return new ApiError(response.status, await problemOf(response), retryAfter > 0 ? retryAfter : null);
}

async function problemOf(response: Response): Promise<ProblemDocument> {
  const fallback: ProblemDocument = { title: response.statusText || `HTTP ${response.status}` };
  const requestId = response.headers.get("X-Request-ID");
  if (requestId) fallback.request_id = requestId;
  if (!response.headers.get("Content-Type")?.includes("json")) return fallback;
  try {
    return { ...fallback, ...((await response.json()) as ProblemDocument) };
  } catch {
    return fallback; // a proxy cut the body short: the status still says what happened
  }
}
