import { describe, expect, it } from "vitest";

import type { ParamsSchema } from "@/api/types";
import { fieldOf, fieldsOf, hasExpression, initialParams, withKey } from "@/model/schema";

const control = (property: ParamsSchema, root: ParamsSchema = {}) => fieldOf("field", property, false, root).control;

describe("the control for a property", () => {
  it.each<[string, ParamsSchema, string]>([
    ["text", { type: "string" }, "text"],
    ["a whole number", { type: "integer" }, "number"],
    ["a number", { type: "number" }, "number"],
    ["yes or no", { type: "boolean" }, "boolean"],
    ["a choice", { enum: ["GET", "POST"], type: "string" }, "enum"],
    ["one allowed value", { const: "x" }, "enum"],
    ["a list of text", { type: "array", items: { type: "string" } }, "array"],
    ["a list of anything", { type: "array", items: {} }, "json"],
    ["a list of cases", { type: "array", items: {}, "x-widget": "cases" }, "array"],
    ["an object with known keys", { type: "object", properties: { a: { type: "string" } } }, "object"],
    ["an object of text", { type: "object", additionalProperties: { type: "string" } }, "keyvalue"],
    ["an object of anything", { type: "object", additionalProperties: true }, "json"],
    ["anything", {}, "json"],
    ["text that may be absent", { anyOf: [{ type: "string" }, { type: "null" }] }, "text"],
    ["several types", { anyOf: [{ type: "string" }, { type: "integer" }] }, "json"],
    ["types as a list", { type: ["integer", "null"] }, "number"],
    ["code in a language", { type: "string", "x-widget": "code:python" }, "code"],
    ["long text", { type: "string", "x-widget": "text:long" }, "textarea"],
    ["named values", { type: "object", additionalProperties: true, "x-widget": "key_values" }, "keyvalue"],
    ["a condition", { type: "boolean", "x-widget": "expression" }, "expression"],
    ["text with a finer hint", { type: "string", "x-widget": "cron" }, "text"],
    ["another workflow", { type: "string", "x-widget": "workflow" }, "workflow"],
    ["a credential of a kind", { type: "string", "x-widget": "credential:http" }, "credential"],
  ])("suits %s", (_, property, expected) => {
    expect(control(property)).toBe(expected);
  });

  it("follows a reference", () => {
    const root = { $defs: { Method: { enum: ["GET"], type: "string" } } };

    expect(control({ $ref: "#/$defs/Method" }, root)).toBe("enum");
  });

  it("is plain JSON for a schema that contains itself", () => {
    const root: ParamsSchema = { $defs: { Loop: { $ref: "#/$defs/Loop" } } };

    expect(control({ $ref: "#/$defs/Loop" }, root)).toBe("json");
  });
});

describe("a field", () => {
  it("keeps the hint that stands beside the alternatives", () => {
    const field = fieldOf("url", { anyOf: [{ type: "string" }, { type: "null" }], "x-template": true }, false, {});

    expect([field.template, field.nullable]).toEqual([true, true]);
  });

  it("is labelled in words", () => {
    expect(fieldOf("max_length", { type: "integer" }, false, {}).label).toBe("Max length");
  });

  it("keeps acronyms in capitals", () => {
    expect(fieldOf("url", { type: "string" }, false, {}).label).toBe("URL");
  });

  it("comes before the optional ones when it is required", () => {
    const schema = { properties: { a: { type: "string" }, b: { type: "string" } }, required: ["b"] };

    expect(fieldsOf(schema, schema).map(({ name }) => name)).toEqual(["b", "a"]);
  });
});

describe("a fresh node's params", () => {
  it("hold only required fields with an obvious value", () => {
    const schema: ParamsSchema = {
      type: "object",
      required: ["method", "url", "values", "limit"],
      properties: {
        method: { enum: ["GET", "POST"] },
        url: { type: "string" },
        values: { type: "object", additionalProperties: true },
        limit: { type: "integer", default: 10 },
        headers: { type: "object", default: {} },
      },
    };

    expect(initialParams(schema)).toEqual({ method: "GET", values: {}, limit: 10 });
  });
});

describe("values", () => {
  it("lose a key that is taken away", () => {
    expect(withKey({ a: 1, b: 2 }, "a", undefined)).toEqual({ b: 2 });
  });

  it("are expressions when they hold braces", () => {
    expect([hasExpression("{{ trigger.id }}"), hasExpression("plain"), hasExpression(3)]).toEqual([true, false, false]);
  });
});
