import type { Json } from "@/api/types";

/** Above this a value is shown as cut text: a tree of it would freeze the page. */
export const TREE_LIMIT_BYTES = 200 * 1024;
export const TEXT_LIMIT_CHARS = 100_000;

export type JsonShape = "object" | "array" | "string" | "number" | "boolean" | "null";

export function shapeOf(value: Json): JsonShape {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value as JsonShape;
}

export interface Blob {
  id: string;
  size_bytes: number;
  media_type: string;
}

/** The reference that stands for a payload too large to travel in a row. */
export function blobOf(value: Json | undefined): Blob | null {
  if (!value || typeof value !== "object" || Array.isArray(value)) return null;
  const blob = value.$blob;
  return blob && typeof blob === "object" ? (blob as unknown as Blob) : null;
}

export type Parsed = { ok: true; value: Json } | { ok: false; message: string };

export function parseJson(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) as Json };
  } catch (error) {
    return { ok: false, message: (error as SyntaxError).message };
  }
}

/**
 * A value as people type it: text as it stands, everything else as JSON. Text that would read as
 * JSON is shown in quotes, so that `looseValue(looseText(x))` is always `x`.
 */
export function looseText(value: Json | undefined): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return JSON.stringify(value);
  return value === "" || parseJson(value).ok || value !== value.trim() ? JSON.stringify(value) : value;
}

export function looseValue(text: string): Json {
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : text;
}

export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
