import type { Definition, NodeDefinition, NodeType, Position } from "@/api/types";
import { edgeId, ERROR, isTrigger, portOf, SUCCESS } from "@/model/definition";
import { autoPositions } from "@/model/layout";

/** What the canvas draws: shaped like the drawing library's nodes and edges, yet free of it. */
export interface GraphNode {
  id: string;
  position: Position;
  data: NodeCardData;
}

export interface NodeCardData {
  [key: string]: unknown;
  node: NodeDefinition;
  type: NodeType | null;
  ports: string[];
  hasInput: boolean;
}

export interface GraphEdge {
  id: string;
  source: string;
  target: string;
  sourceHandle: string;
  label?: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export function toGraph(definition: Definition, types: ReadonlyMap<string, NodeType>): Graph {
  const portsByNode = new Map(
    definition.nodes.map((node) => [node.id, portsFor(definition, node, types.get(node.kind) ?? null)]),
  );
  const placed = autoPositions(definition, portsByNode);
  return {
    nodes: definition.nodes.map((node) => ({
      id: node.id,
      position: node.position ?? placed.get(node.id) ?? { x: 0, y: 0 },
      data: {
        node,
        type: types.get(node.kind) ?? null,
        ports: portsByNode.get(node.id) ?? [SUCCESS],
        hasInput: !isTrigger(node.kind),
      },
    })),
    edges: definition.edges.map((edge) => ({
      id: edgeId(edge),
      source: edge.from,
      target: edge.to,
      sourceHandle: portOf(edge),
    })),
  };
}

/**
 * The ports a card shows: those of the kind, `error` only when the node branches on errors, a
 * numbered port once per entry of the list it stands for, and whatever an edge uses.
 */
export function portsFor(definition: Definition, node: NodeDefinition, type: NodeType | null): string[] {
  const ports: string[] = [];
  for (const port of type?.ports ?? [SUCCESS]) {
    if (port === ERROR) continue;
    ports.push(...expand(port, node, type));
  }
  for (const edge of definition.edges) {
    if (edge.from === node.id && portOf(edge) !== ERROR) ports.push(portOf(edge));
  }
  const branches = node.settings?.on_error === "branch";
  const used = definition.edges.some((edge) => edge.from === node.id && portOf(edge) === ERROR);
  if (branches || used) ports.push(ERROR);
  return [...new Set(ports)];
}

/** `case_1` of a kind with a list param `cases` stands for one port per entry of that list. */
function expand(port: string, node: NodeDefinition, type: NodeType | null): string[] {
  const stem = /^(.+)_1$/.exec(port)?.[1];
  const list = `${stem}s`;
  if (!stem || !(list in (type?.params_schema.properties ?? {}))) return [port];
  const entries = node.params?.[list];
  const count = Array.isArray(entries) ? entries.length : 0;
  return Array.from({ length: count }, (_, index) => `${stem}_${index + 1}`);
}

/** Ids of every node from which this one can be reached: what its expressions may read. */
export function upstreamOf(definition: Definition, id: string): string[] {
  const found = new Set<string>();
  const open = [id];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    for (const edge of definition.edges) {
      if (edge.to === current && edge.from !== id && !found.has(edge.from)) {
        found.add(edge.from);
        open.push(edge.from);
      }
    }
  }
  return definition.nodes.map((node) => node.id).filter((node) => found.has(node));
}
