import { describe, expect, it } from "vitest";

import type { Json } from "@/api/types";
import { looseText, looseValue } from "@/model/json";

describe("a value as people type it", () => {
  it.each<[string, Json, string]>([
    ["text", "paid", "paid"],
    ["an expression", "{{ input.total }}", "{{ input.total }}"],
    ["a number", 12.5, "12.5"],
    ["text that looks like a number", "12.5", '"12.5"'],
    ["empty text", "", '""'],
    ["text with space around it", " a ", '" a "'],
    ["yes", true, "true"],
    ["nothing", null, "null"],
    ["a list", [1, "a"], '[1,"a"]'],
  ])("shows %s so that it reads back the same", (_, value, text) => {
    expect([looseText(value), looseValue(text)]).toEqual([text, value]);
  });
});
