import { describe, expect, it } from "vitest";

import { fit } from "@/model/search";

const set = ["Set", "data.set", "Make an object from values you write."];
const python = ["Python", "code.python", "Run Python in a sandbox."];
const request = ["Request", "http.request", "Call a web service and take its answer."];

describe("the fit of a search", () => {
  it("is best for the beginning of the name", () => {
    expect(fit("set", set)).toBeGreaterThan(fit("set", [...python, "set"]));
  });

  it("finds a word of the description", () => {
    expect(fit("service", request)).toBeGreaterThan(0);
  });

  it("needs every word", () => {
    expect(fit("web sandbox", request)).toBe(0);
  });

  it("does not follow letters scattered over a text", () => {
    expect(fit("set", python)).toBe(0);
  });

  it("is the same for all while nothing is typed", () => {
    expect([fit("", set), fit(" ", python)]).toEqual([1, 1]);
  });
});
