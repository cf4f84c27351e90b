import { describe, expect, it } from "vitest";

import type { Definition } from "@/api/types";
import { bodies, layered, NODE_WIDTH, placeAfter } from "@/model/layout";

const looped: Definition = {
  schema: "studio/1",
  nodes: [
    { id: "start", kind: "trigger.manual" },
    { id: "each", kind: "flow.for_each" },
    { id: "first", kind: "data.set", parent: "each" },
    { id: "second", kind: "data.set", parent: "each" },
    { id: "after", kind: "data.set" },
  ],
  edges: [
    { from: "start", to: "each" },
    { from: "each", port: "item", to: "first" },
    { from: "first", to: "second" },
    { from: "each", port: "done", to: "after" },
  ],
};

describe("the automatic layout", () => {
  const placed = layered(looped, new Map());

  it("puts each node to the right of the one before it", () => {
    const xs = ["start", "each", "first", "second"].map((id) => placed.get(id)?.x ?? NaN);

    expect(xs).toEqual(xs.toSorted((a, b) => a - b));
  });

  it("keeps what comes after a body out of it", () => {
    const box = (id: string) => ({ ...(placed.get(id) ?? { x: 0, y: 0 }), width: NODE_WIDTH, height: 64 });
    const body = bodies(["first", "second"].map((id) => ({ parent: "each", box: box(id) }))).get("each");
    const { y } = box("after");

    expect(body && (y + 64 <= body.y || y >= body.y + body.height)).toBe(true);
  });
});

describe("branches", () => {
  it("stand in the order of the ports they leave", () => {
    const ports = new Map([["if", ["true", "false"]]]);
    const branched: Definition = {
      schema: "studio/1",
      nodes: ["start", "if", "yes", "no", "after"].map((id) => ({ id, kind: "data.set" })),
      edges: [
        { from: "start", to: "if" },
        { from: "if", port: "false", to: "no" },
        { from: "if", port: "true", to: "yes" },
        { from: "yes", to: "after" },
        { from: "no", to: "after" },
      ],
    };
    const drawn = layered(branched, ports);

    expect(drawn.get("yes")!.y).toBeLessThan(drawn.get("no")!.y);
  });
});

describe("a body's area", () => {
  it("surrounds all nodes in it", () => {
    const box = (x: number, y: number) => ({ parent: "each", box: { x, y, width: 100, height: 50 } });

    expect(bodies([box(0, 0), box(200, 80)]).get("each")).toEqual({ x: -28, y: -28, width: 356, height: 186 });
  });
});

describe("a node added after another", () => {
  it("goes below what already stands there", () => {
    const definition: Definition = {
      ...looped,
      nodes: [
        { id: "a", kind: "data.set", position: { x: 0, y: 0 } },
        { id: "b", kind: "data.set", position: { x: 288, y: 0 } },
      ],
    };

    expect(placeAfter(definition, { x: 0, y: 0 })).toEqual({ x: 288, y: 100 });
  });
});
