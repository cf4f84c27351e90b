import { describe, expect, it } from "vitest";

import type { Definition, NodeType } from "@/api/types";
import { portsFor, toGraph, upstreamOf } from "@/model/graph";

function type(kind: string, ports: string[]): NodeType {
  return { kind, label: kind, category: "test", summary: "", effect: "none", ports, params_schema: {} };
}

const types = new Map([
  ["trigger.manual", type("trigger.manual", ["success"])],
  ["http.request", type("http.request", ["success", "error"])],
  ["logic.if", type("logic.if", ["true", "false", "error"])],
  [
    "logic.switch",
    { ...type("logic.switch", ["case_1", "default", "error"]), params_schema: { properties: { cases: {} } } },
  ],
]);

const diamond: Definition = {
  schema: "studio/1",
  nodes: [
    { id: "start", kind: "trigger.manual" },
    { id: "big", kind: "logic.if" },
    { id: "yes", kind: "http.request" },
    { id: "no", kind: "http.request" },
  ],
  edges: [
    { from: "start", to: "big" },
    { from: "big", port: "true", to: "yes" },
    { from: "big", port: "false", to: "no" },
  ],
};

describe("the drawn graph", () => {
  it("has an edge for each edge, leaving its port", () => {
    expect(toGraph(diamond, types).edges[1]).toEqual({
      id: "big:true>yes",
      source: "big",
      target: "yes",
      sourceHandle: "true",
    });
  });

  it("gives triggers no input", () => {
    expect(toGraph(diamond, types).nodes.map(({ data }) => data.hasInput)).toEqual([false, true, true, true]);
  });

  it("places nodes without a position from left to right", () => {
    const [start, big, yes, no] = toGraph(diamond, types).nodes.map(({ position }) => position.x);

    expect([start! < big!, big! < yes!, yes === no]).toEqual([true, true, true]);
  });

  it("keeps the positions people chose", () => {
    const placed = { ...diamond, nodes: diamond.nodes.map((node, x) => ({ ...node, position: { x, y: 7 } })) };

    expect(toGraph(placed, types).nodes[3]!.position).toEqual({ x: 3, y: 7 });
  });

  it("draws a kind the catalogue does not know", () => {
    const unknown: Definition = { ...diamond, nodes: [{ id: "odd", kind: "acme.odd" }], edges: [] };

    expect(toGraph(unknown, types).nodes[0]!.data.ports).toEqual(["success"]);
  });
});

describe("the ports of a card", () => {
  const ports = (node: Definition["nodes"][number], definition = diamond) =>
    portsFor(definition, node, types.get(node.kind) ?? null);

  it("hide the error port until the node branches on errors", () => {
    expect(ports({ id: "a", kind: "http.request" })).toEqual(["success"]);
  });

  it("show the error port when it does", () => {
    const node = { id: "a", kind: "http.request", settings: { on_error: "branch" as const } };

    expect(ports(node)).toEqual(["success", "error"]);
  });

  it("follow the list whose entries they number", () => {
    const node = { id: "a", kind: "logic.switch", params: { cases: ["x", "y"] } };

    expect(ports(node)).toEqual(["case_1", "case_2", "default"]);
  });

  it("include a port only an edge knows of", () => {
    const definition: Definition = { ...diamond, edges: [{ from: "start", port: "later", to: "big" }] };

    expect(ports(definition.nodes[0]!, definition)).toEqual(["success", "later"]);
  });
});

describe("what a node may read", () => {
  it("is every node before it", () => {
    expect(upstreamOf(diamond, "yes")).toEqual(["start", "big"]);
  });

  it("ends although the graph has a cycle", () => {
    const looped = { ...diamond, edges: [...diamond.edges, { from: "yes", to: "big" }] };

    expect(upstreamOf(looped, "big")).toEqual(["start", "yes"]);
  });
});
