import type { ApprovalField } from "@/api/operations";
import type { Json, JsonObject } from "@/api/types";

/** Written text as the value the field asks for; an empty one is no answer. */
export function readAnswer(field: ApprovalField, text: string): Json | undefined {
  if (text === "") return undefined;
  if (field.type === "string" || field.type === "boolean") return text;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** Names of the fields that must be answered before anybody can approve. */
export function missingAnswers(fields: readonly ApprovalField[], answers: JsonObject): string[] {
  return fields.filter(({ name, required }) => required && answers[name] === undefined).map(({ name }) => name);
}
