import { describe, expect, it } from "vitest";

import { placeProblems, problemsAt, problemsByNode } from "@/model/problems";

const definition = {
  schema: "studio/1" as const,
  nodes: [
    { id: "start", kind: "trigger.manual" },
    { id: "fetch", kind: "http.request" },
  ],
  edges: [{ from: "start", port: "error", to: "fetch" }],
};

const problem = (pointer: string) => ({ pointer, code: "required", detail: "Say which URL." });

describe("problems", () => {
  it("of a param belong to its node", () => {
    const [placed] = placeProblems(definition, [problem("/nodes/1/params/url")]);

    expect([placed?.nodeId, placed?.inner]).toEqual(["fetch", "/params/url"]);
  });

  it("are found when the pointer starts at the request's body", () => {
    expect(placeProblems(definition, [problem("/definition/nodes/1")])[0]?.nodeId).toBe("fetch");
  });

  it("of an edge belong to the node it leaves", () => {
    expect(placeProblems(definition, [problem("/edges/0/port")])[0]?.nodeId).toBe("start");
  });

  it("of the whole workflow belong to no node", () => {
    expect(placeProblems(definition, [problem("")])[0]?.nodeId).toBeNull();
  });

  it("are gathered by node", () => {
    const placed = placeProblems(definition, [problem("/nodes/1/params/url"), problem("/nodes/1/kind"), problem("")]);

    expect(problemsByNode(placed).get("fetch")).toHaveLength(2);
  });

  it("show at the field they concern and not at its namesake", () => {
    const placed = placeProblems(definition, [problem("/nodes/1/params/url/0"), problem("/nodes/1/params/url_b")]);

    expect(problemsAt(placed, "/params/url")).toHaveLength(1);
  });
});
