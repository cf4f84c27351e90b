import type { ApiKey } from "@/api/operations";
import type { Role } from "@/api/types";

/** From the least to the greatest. */
const ROLES: Role[] = ["viewer", "operator", "editor", "admin", "owner"];

/** Roles that somebody may give away: none above their own. */
export function rolesUpTo(role: Role): Role[] {
  return ROLES.slice(0, ROLES.indexOf(role) + 1);
}

export type KeyState = "active" | "expired" | "revoked";

export function keyState(key: Pick<ApiKey, "revoked_at" | "expires_at">, now: number): KeyState {
  if (key.revoked_at) return "revoked";
  return key.expires_at && Date.parse(key.expires_at) <= now ? "expired" : "active";
}

/** The time so many days from now; none for a key that does not expire. */
export function expiryAfter(days: number, now: number): string | null {
  return days > 0 ? new Date(now + days * 86_400_000).toISOString() : null;
}
