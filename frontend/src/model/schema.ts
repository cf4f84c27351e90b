import type { Json, JsonObject, ParamsSchema } from "@/api/types";

/**
 * Reads a JSON Schema as pydantic writes it and says which control each part needs. The canvas has
 * no code per node kind: what a kind wants from the form it says in its schema.
 */

export type Control =
  | "text"
  | "textarea"
  | "code"
  | "number"
  | "boolean"
  | "enum"
  | "object"
  | "array"
  | "keyvalue"
  | "credential"
  | "workflow"
  | "expression"
  | "json";

export interface FieldSpec {
  name: string;
  label: string;
  help: string | null;
  required: boolean;
  control: Control;
  /** Whether the value may be an expression instead of what the control holds. */
  template: boolean;
  nullable: boolean;
  schema: ParamsSchema;
  options: Json[];
  fallback: Json | undefined;
  language: string;
  /** What follows the widget's name, such as `http` of `credential:http`. */
  detail: string;
  /** The widget the kind asked for beyond the plain control, such as `cron` or `timezone`. */
  widget: string;
}

/** The fields of an object schema, required ones first, otherwise in the author's order. */
export function fieldsOf(schema: ParamsSchema, root: ParamsSchema): FieldSpec[] {
  const resolved = resolve(schema, root);
  const required = new Set(resolved.required);
  const fields = Object.entries(resolved.properties ?? {}).map(([name, property]) =>
    fieldOf(name, property, required.has(name), root),
  );
  return [...fields.filter((field) => field.required), ...fields.filter((field) => !field.required)];
}

export function fieldOf(
  name: string,
  property: ParamsSchema,
  required: boolean,
  root: ParamsSchema,
): FieldSpec {
  const { schema, nullable } = unwrap(property, root);
  const hint = property["x-widget"] ?? schema["x-widget"] ?? "";
  const [widget = "", detail = ""] = hint.split(":");
  return {
    name,
    label: labelFor(name),
    help: property.description ?? schema.description ?? null,
    required,
    control: WIDGETS[hint] ?? WIDGETS[widget] ?? controlFor(schema),
    template: property["x-template"] ?? schema["x-template"] ?? false,
    nullable,
    schema,
    options: optionsOf(schema),
    fallback: property.default ?? schema.default,
    language: detail || "python",
    detail,
    widget,
  };
}

/** Controls that a kind asks for by name; any other widget only refines the control of the type. */
const WIDGETS: Record<string, Control> = {
  code: "code",
  credential: "credential",
  workflow: "workflow",
  expression: "expression",
  json: "json",
  key_values: "keyvalue",
  "text:long": "textarea",
  cases: "array",
};

const ACRONYMS = new Set(["api", "html", "http", "id", "json", "sql", "ttl", "url"]);

function labelFor(name: string): string {
  const words = name.split("_").map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word));
  const label = words.join(" ").trim();
  return label.charAt(0).toUpperCase() + label.slice(1);
}

function controlFor(schema: ParamsSchema): Control {
  if (optionsOf(schema).length > 0) return "enum";
  switch (schema.type) {
    case "string":
      return "text";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      return hasTypedItems(schema) ? "array" : "json";
    case "object":
      return objectControl(schema);
    default:
      return schema.properties ? "object" : "json";
  }
}

/** A list of anything is written as JSON, or is one expression. */
function hasTypedItems({ items }: ParamsSchema): boolean {
  return typeof items === "object" && Object.keys(items).length > 0;
}

function objectControl(schema: ParamsSchema): Control {
  if (schema.properties) return "object";
  const values = schema.additionalProperties;
  return typeof values === "object" && values.type === "string" ? "keyvalue" : "json";
}

function optionsOf(schema: ParamsSchema): Json[] {
  if (schema.enum) return schema.enum;
  return schema.const === undefined ? [] : [schema.const];
}

/** Follow `$ref`, join `allOf`, and take `X | null` as an optional X. */
export function unwrap(property: ParamsSchema, root: ParamsSchema): { schema: ParamsSchema; nullable: boolean } {
  const schema = resolve(property, root);
  const choices = schema.anyOf ?? schema.oneOf;
  if (!choices) return { schema: singleType(schema), nullable: isNullable(schema) };
  const kept = choices.map((choice) => resolve(choice, root)).filter((choice) => choice.type !== "null");
  const nullable = kept.length < choices.length;
  const only = kept.length === 1 ? kept[0] : undefined;
  const { anyOf: _any, oneOf: _one, ...own } = schema;
  return { schema: only ? { ...only, ...withoutEmpty(own) } : own, nullable };
}

function isNullable(schema: ParamsSchema): boolean {
  return Array.isArray(schema.type) && schema.type.includes("null");
}

function singleType(schema: ParamsSchema): ParamsSchema {
  if (!Array.isArray(schema.type)) return schema;
  const kept = schema.type.filter((type) => type !== "null");
  const { type: _, ...rest } = schema;
  return kept.length === 1 && kept[0] ? { ...rest, type: kept[0] } : rest;
}

function withoutEmpty(schema: ParamsSchema): ParamsSchema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined && value !== null));
}

function resolve(schema: ParamsSchema, root: ParamsSchema, depth = 0): ParamsSchema {
  if (depth > 16) return schema; // a reference to itself: show it as plain JSON
  if (schema.$ref) {
    const { $ref, ...own } = schema;
    const target = root.$defs?.[$ref.split("/").pop() ?? ""] ?? {};
    return { ...resolve(target, root, depth + 1), ...own };
  }
  if (!schema.allOf) return schema;
  const { allOf, ...own } = schema;
  return Object.assign({}, ...allOf.map((part) => resolve(part, root, depth + 1)), own) as ParamsSchema;
}

/** Params for a fresh node: required fields that have one obvious value, nothing else. */
export function initialParams(schema: ParamsSchema): JsonObject {
  const params: JsonObject = {};
  for (const field of fieldsOf(schema, schema)) {
    if (field.required) {
      const value = initialValue(field);
      if (value !== undefined) params[field.name] = value;
    }
  }
  return params;
}

function initialValue(field: FieldSpec): Json | undefined {
  if (field.fallback !== undefined) return field.fallback;
  if (field.control === "enum") return field.options[0];
  if (field.control === "array") return [];
  if (field.control === "keyvalue" || field.control === "object") return {};
  if (field.control === "json" && field.schema.type === "object") return {};
  return undefined;
}

/** Set one key of an object, or take it away with `undefined`. */
export function withKey(object: JsonObject, key: string, value: Json | undefined): JsonObject {
  if (value !== undefined) return { ...object, [key]: value };
  const { [key]: _, ...rest } = object;
  return rest;
}

const EXPRESSION = /\{\{/;

export function hasExpression(value: Json | undefined): value is string {
  return typeof value === "string" && EXPRESSION.test(value);
}
