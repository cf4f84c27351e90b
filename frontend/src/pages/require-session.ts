import { type LoaderFunctionArgs, redirect } from "react-router";

import { ApiError } from "@/api/problem";
import { meQuery, queryClient } from "@/api/queries";
import type { Me } from "@/api/types";
import { useSession } from "@/stores/session";

/** Let nobody in who is not signed in, and bring them back here afterwards. */
export async function requireSession({ request }: LoaderFunctionArgs): Promise<Me> {
  try {
    return await queryClient.ensureQueryData(meQuery);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    useSession.getState().setExpired(false);
    const { pathname, search } = new URL(request.url);
    throw redirect(`/sign-in?next=${encodeURIComponent(pathname + search)}`);
  }
}

/** Where to go after signing in: a path of this site, never another one. */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}
