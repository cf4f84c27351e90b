import { describe, expect, it } from "vitest";

import type { Definition } from "@/api/types";
import {
  addEdge,
  connect,
  duplicateNodes,
  emptyDefinition,
  moveNodes,
  newNodeId,
  removeElements,
  renameNode,
  setSetting,
} from "@/model/definition";

const chain: Definition = {
  schema: "studio/1",
  nodes: [
    { id: "start", kind: "trigger.manual" },
    { id: "fetch", kind: "http.request", position: { x: 10, y: 20 } },
    { id: "each", kind: "flow.for_each" },
    { id: "body", kind: "data.set", parent: "each" },
  ],
  edges: [
    { from: "start", to: "fetch" },
    { from: "fetch", to: "each" },
    { from: "each", port: "item", to: "body" },
  ],
};

describe("a new node's id", () => {
  it("is the last word of the kind", () => {
    expect(newNodeId(emptyDefinition(), "http.request")).toBe("request");
  });

  it("is numbered when the word is taken", () => {
    const definition = { ...chain, nodes: [...chain.nodes, { id: "request", kind: "http.request" }] };

    expect(newNodeId(definition, "http.request")).toBe("request_2");
  });

  it("never is a keyword of the expression language", () => {
    expect(newNodeId(emptyDefinition(), "logic.if")).toBe("if_1");
  });

  it("starts with a letter whatever the kind says", () => {
    expect(newNodeId(emptyDefinition(), "acme.3D-Print")).toBe("node_3d_print");
  });
});

describe("connecting", () => {
  it("leaves the default port out of the document", () => {
    expect(addEdge(chain, "start", "success", "body").edges.at(-1)).toEqual({ from: "start", to: "body" });
  });

  it("names any other port", () => {
    const edge = { from: "fetch", port: "error", to: "body" };

    expect(addEdge(chain, "fetch", "error", "body").edges.at(-1)).toEqual(edge);
  });

  it("ignores an edge that is already there", () => {
    expect(addEdge(chain, "start", "success", "fetch")).toBe(chain);
  });

  it("ignores an edge from a node to itself", () => {
    expect(addEdge(chain, "fetch", "success", "fetch")).toBe(chain);
  });
});

describe("removing", () => {
  it("takes the edges of a removed node along", () => {
    const { edges } = removeElements(chain, new Set(["fetch"]));

    expect(edges).toEqual([{ from: "each", port: "item", to: "body" }]);
  });

  it("keeps the body of a removed loop, without its parent", () => {
    const { nodes } = removeElements(chain, new Set(["each"]));

    expect(nodes.at(-1)).toEqual({ id: "body", kind: "data.set" });
  });

  it("removes a single edge by its id", () => {
    const { edges } = removeElements(chain, new Set(), new Set(["start:success>fetch"]));

    expect(edges).toHaveLength(2);
  });
});

describe("changing a node", () => {
  it("answers the same document when nothing moved", () => {
    expect(moveNodes(chain, new Map([["fetch", { x: 10.2, y: 19.9 }]]))).toBe(chain);
  });

  it("drops an empty name", () => {
    const named = renameNode(chain, "fetch", "Fetch");

    expect(renameNode(named, "fetch", "").nodes[1]).toEqual(chain.nodes[1]);
  });

  it("drops settings altogether when the last one is taken away", () => {
    const set = setSetting(chain, "fetch", "timeout", 5);

    expect(setSetting(set, "fetch", "timeout", undefined).nodes[1]).toEqual(chain.nodes[1]);
  });
});

describe("connecting", () => {
  const loose: Definition = {
    ...chain,
    nodes: [...chain.nodes, { id: "one", kind: "data.set" }, { id: "two", kind: "data.set" }],
    edges: [...chain.edges, { from: "one", to: "two" }],
  };
  const parents = (definition: Definition) =>
    Object.fromEntries(definition.nodes.map(({ id, parent }) => [id, parent ?? null]));

  it("from an item port takes the target and what follows it into the body", () => {
    const { one, two } = parents(connect(loose, "each", "item", "one", true));

    expect([one, two]).toEqual(["each", "each"]);
  });

  it("within a body keeps the target in that body", () => {
    expect(parents(connect(loose, "body", "success", "one", false)).one).toBe("each");
  });

  it("from outside takes the target back out", () => {
    const inside = connect(loose, "each", "item", "one", true);
    const cut = removeElements(inside, new Set(), new Set(["each:item>one"]));

    expect(parents(connect(cut, "fetch", "success", "one", false)).two).toBeNull();
  });

  it("leaves a target where other edges hold it", () => {
    expect(parents(connect(loose, "each", "item", "two", true)).two).toBeNull();
  });
});

describe("duplicating", () => {
  it("copies the nodes and the edges between them, under new ids", () => {
    const { definition, copies } = duplicateNodes(chain, new Set(["fetch", "each"]));

    expect([copies, definition.edges.at(-1)]).toEqual([
      ["request", "for_each"],
      { from: "request", to: "for_each" },
    ]);
  });
});
