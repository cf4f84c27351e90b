import { graphlib, layout } from "@dagrejs/dagre";

import type { Definition, EdgeDefinition, Position } from "@/api/types";
import { portOf } from "@/model/definition";

export const NODE_WIDTH = 216;
export const NODE_HEIGHT = 64;
const RANK_GAP = 72;
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
  const optimised = arrange(definition, ports, true);
  if (definition.edges.length > COMPARED_EDGES) return optimised;
  // The drawing library does not know of ports: the plain order often crosses fewer edges that leave one card.
  const plain = arrange(definition, ports, false);
  return crossings(definition, ports, plain) <= crossings(definition, ports, optimised) ? plain : optimised;
}

const COMPARED_EDGES = 300;

function arrange(
  definition: Definition,
  ports: ReadonlyMap<string, string[]>,
  optimise: boolean,
): Map<string, Position> {
  const graph = new graphlib.Graph({ compound: true });
  graph.setGraph({ rankdir: "LR", nodesep: 52, ranksep: RANK_GAP });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of definition.nodes) {
    graph.setNode(node.id, { width: NODE_WIDTH, height: cardHeight(ports.get(node.id)?.length ?? 1) });
  }
  for (const node of definition.nodes) {
    if (node.parent) graph.setParent(node.id, bodyId(graph, node.parent));
  }
  for (const edge of inPortOrder(definition, ports)) graph.setEdge(edge.from, edge.to);
  layout(graph, { disableOptimalOrderHeuristic: !optimise });
  return new Map(
    definition.nodes.map((node) => {
      const placed = graph.node(node.id);
      const x = Math.round(placed.x - placed.width / 2);
      return [node.id, { x, y: Math.round(placed.y - placed.height / 2) }];
    }),
  );
}

function inPortOrder(definition: Definition, ports: ReadonlyMap<string, string[]>): EdgeDefinition[] {
  const known = new Set(definition.nodes.map(({ id }) => id));
  return definition.edges
    .filter(({ from, to }) => known.has(from) && known.has(to))
    .toSorted((a, b) => (a.from === b.from ? portPlace(a, ports) - portPlace(b, ports) : 0));
}

function portPlace(edge: EdgeDefinition, ports: ReadonlyMap<string, string[]>): number {
  return Math.max(0, ports.get(edge.from)?.indexOf(portOf(edge)) ?? 0);
}

/** How many pairs of edges cross when each is drawn as a straight line from its port. */
function crossings(
  definition: Definition,
  ports: ReadonlyMap<string, string[]>,
  placed: ReadonlyMap<string, Position>,
): number {
  const lines = definition.edges.flatMap((edge) => {
    const from = placed.get(edge.from);
    const to = placed.get(edge.to);
    if (!from || !to) return [];
    const several = (ports.get(edge.from)?.length ?? 1) > 1;
    const drop = several ? NODE_HEIGHT + (portPlace(edge, ports) + 0.5) * PORT_HEIGHT : NODE_HEIGHT / 2;
    return [{ x1: from.x + NODE_WIDTH, y1: from.y + drop, x2: to.x, y2: to.y + NODE_HEIGHT / 2 }];
  });
  return lines.reduce((count, a, index) => count + lines.slice(index + 1).filter((b) => cross(a, b)).length, 0);
}

interface Line {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

function cross(a: Line, b: Line): boolean {
  return turns(a, b.x1, b.y1) * turns(a, b.x2, b.y2) < 0 && turns(b, a.x1, a.y1) * turns(b, a.x2, a.y2) < 0;
}

/** On which side of a line a point lies. */
function turns({ x1, y1, x2, y2 }: Line, x: number, y: number): number {
  return Math.sign((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1));
}

/** The cluster that keeps the nodes of one body together. */
function bodyId(graph: graphlib.Graph, owner: string): string {
  const id = `body of ${owner}`;
  if (!graph.hasNode(id)) graph.setNode(id, {});
  return id;
}

export interface Box extends Position {
  width: number;
  height: number;
}

const BODY_PADDING = 28;

/** The areas that bodies take up on the canvas, by the id of the node they belong to. */
export function bodies(nodes: readonly { parent: string | undefined; box: Box }[]): Map<string, Box> {
  const found = new Map<string, Box>();
  for (const { parent, box } of nodes) {
    if (parent !== undefined) found.set(parent, joined(found.get(parent), padded(box)));
  }
  return found;
}

function padded({ x, y, width, height }: Box): Box {
  const more = 2 * BODY_PADDING;
  return { x: x - BODY_PADDING, y: y - BODY_PADDING, width: width + more, height: height + more };
}

function joined(a: Box | undefined, b: Box): Box {
  if (!a) return b;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
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
  const spot = { x: position.x + NODE_WIDTH + RANK_GAP, y: position.y };
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
