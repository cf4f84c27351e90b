import type { Role } from "@/api/types";

export type Verb = "read" | "run" | "edit" | "manage";

const VERBS: Record<Role, Verb[]> = {
  viewer: ["read"],
  operator: ["read", "run"],
  editor: ["read", "run", "edit"],
  admin: ["read", "run", "edit", "manage"],
  owner: ["read", "run", "edit", "manage"],
};

/** What the page offers; the server decides for itself. */
export function may(role: Role, verb: Verb): boolean {
  return VERBS[role]?.includes(verb) ?? false;
}
