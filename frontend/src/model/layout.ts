import { graphlib, layout } from "@dagrejs/dagre";

import type { Definition, Position } from "@/api/types";

export const NODE_WIDTH = 232;
export const NODE_HEIGHT = 64;
export const PORT_HEIGHT = 24;

/** Height of a card: ports are listed below the head only when there is a choice between them. */
export function cardHeight(portCount: number): number {
  return portCount > 1 ? NODE_HEIGHT + 8 + portCount * PORT_HEIGHT : NODE_HEIGHT;
}

/** Places for all nodes, left to right in the direction of the edges. */
export function layered(
  definition: Definition,
  ports: ReadonlyMap<string, string[]>,
): Map<string, Position> {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 52, ranksep: 84 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of definition.nodes) {
    graph.setNode(node.id, { width: NODE_WIDTH, height: cardHeight(ports.get(node.id)?.length ?? 1) });
  }
  for (const edge of definition.edges) {
    if (graph.hasNode(edge.from) && graph.hasNode(edge.to)) graph.setEdge(edge.from, edge.to);
  }
  layout(graph);
  return new Map(
    definition.nodes.map((node) => {
      const placed = graph.node(node.id);
      const x = Math.round(placed.x - placed.width / 2);
      return [node.id, { x, y: Math.round(placed.y - placed.height / 2) }];
    }),
  );
}

/** Places for nodes that have none; a definition sent as JSON often carries no positions. */
export function autoPositions(
  definition: Definition,
  ports: ReadonlyMap<string, string[]>,
): Map<string, Position> {
  const complete = definition.nodes.every((node) => node.position);
  return complete ? new Map() : layered(definition, ports);
}

/** Where a node added after another goes: to its right, below what is already there. */
export function placeAfter(definition: Definition, position: Position): Position {
  const spot = { x: position.x + NODE_WIDTH + 84, y: position.y };
  const overlaps = () =>
    definition.nodes.some(
      (node) =>
        node.position &&
        Math.abs(node.position.x - spot.x) < NODE_WIDTH &&
        Math.abs(node.position.y - spot.y) < NODE_HEIGHT + 12,
    );
  while (overlaps()) spot.y += NODE_HEIGHT + 36;
  return spot;
}
