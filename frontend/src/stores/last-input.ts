import type { Json } from "@/api/types";
import { parseJson } from "@/model/json";

/** The input a workflow was last run with in this tab, offered again next time. */

const keyOf = (workflow: string) => `studio.input.${workflow}`;

export function recallInput(workflow: string): Json | undefined {
  try {
    const parsed = parseJson(sessionStorage.getItem(keyOf(workflow)) ?? "");
    return parsed.ok ? parsed.value : undefined;
  } catch {
    return undefined; // storage is blocked
  }
}

export function rememberInput(workflow: string, input: Json | undefined): void {
  try {
    sessionStorage.setItem(keyOf(workflow), JSON.stringify(input ?? null));
  } catch {
    // Storage is blocked or full: the next run starts from an empty input.
  }
}
