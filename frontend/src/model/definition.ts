import type { Definition, EdgeDefinition, JsonObject, NodeDefinition, NodeSettings, Position } from "@/api/types";

/**
 * Changes to a definition as pure functions: each answers a new document and shares what it did not
 * touch, so that undo is keeping the old one and "has it changed" is comparing identity.
 */

export const SUCCESS = "success";
export const ERROR = "error";
export const ITEM = "item";

const KEYWORDS = new Set("and or not in is if else for true false null True False None lambda".split(" "));
const COPY_OFFSET = 48;
const NODE_ID = /^[a-z][a-z0-9_]{0,62}$/;

export function emptyDefinition(): Definition {
  return { schema: "studio/1", nodes: [], edges: [], settings: {} };
}

export function isTrigger(kind: string): boolean {
  return kind.startsWith("trigger.");
}

/** A free id for a node of this kind: its last word, numbered when taken or reserved. */
export function newNodeId(definition: Definition, kind: string): string {
  const word = (kind.split(".").pop() ?? "node").toLowerCase().replaceAll(/[^a-z0-9_]/g, "_").slice(0, 50);
  const base = NODE_ID.test(word) ? word : `node_${word}`;
  const taken = new Set(definition.nodes.map((node) => node.id));
  if (!taken.has(base) && !KEYWORDS.has(base)) return base;
  let number = KEYWORDS.has(base) ? 1 : 2;
  while (taken.has(`${base}_${number}`)) number += 1;
  return `${base}_${number}`;
}

export function nodeById(definition: Definition, id: string): NodeDefinition | undefined {
  return definition.nodes.find((node) => node.id === id);
}

export function portOf(edge: EdgeDefinition): string {
  return edge.port ?? SUCCESS;
}

/** Edges carry no id of their own; two edges are the same when all three of these agree. */
export function edgeId(edge: EdgeDefinition): string {
  return `${edge.from}:${portOf(edge)}>${edge.to}`;
}

export function addNode(definition: Definition, node: NodeDefinition): Definition {
  return { ...definition, nodes: [...definition.nodes, node] };
}

export function addEdge(definition: Definition, from: string, port: string, to: string): Definition {
  const edge: EdgeDefinition = port === SUCCESS ? { from, to } : { from, to, port };
  if (from === to || definition.edges.some((other) => edgeId(other) === edgeId(edge))) return definition;
  return { ...definition, edges: [...definition.edges, edge] };
}

/**
 * Add an edge and take its target, with what hangs on it, into the scope the edge leads to: the
 * body of a node that opens items, or where the source stands. A target that other edges already
 * hold in place stays where it is.
 */
export function connect(
  definition: Definition,
  from: string,
  port: string,
  to: string,
  opensItems: boolean,
): Definition {
  const connected = addEdge(definition, from, port, to);
  if (connected === definition) return definition;
  const held = definition.edges.some((edge) => edge.to === to);
  const scope = opensItems && port === ITEM ? from : nodeById(definition, from)?.parent;
  return held ? connected : moveIntoScope(connected, to, scope);
}

function moveIntoScope(definition: Definition, id: string, scope: string | undefined): Definition {
  const old = nodeById(definition, id)?.parent;
  if (old === scope || id === scope) return definition;
  const moved = new Set<string>();
  const open = [id];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    if (moved.has(current) || nodeById(definition, current)?.parent !== old) continue;
    moved.add(current);
    open.push(...definition.edges.filter((edge) => edge.from === current).map((edge) => edge.to));
  }
  return mapNodes(definition, (node) => {
    if (!moved.has(node.id)) return node;
    const { parent: _, ...rest } = node;
    return scope === undefined ? rest : { ...rest, parent: scope };
  });
}

export function removeElements(
  definition: Definition,
  nodeIds: ReadonlySet<string>,
  edgeIds: ReadonlySet<string> = new Set(),
): Definition {
  const nodes = definition.nodes.filter((node) => !nodeIds.has(node.id)).map((node) => orphan(node, nodeIds));
  const edges = definition.edges.filter(
    (edge) => !edgeIds.has(edgeId(edge)) && !nodeIds.has(edge.from) && !nodeIds.has(edge.to),
  );
  if (nodes.length === definition.nodes.length && edges.length === definition.edges.length) return definition;
  return { ...definition, nodes, edges };
}

function orphan(node: NodeDefinition, removed: ReadonlySet<string>): NodeDefinition {
  if (!node.parent || !removed.has(node.parent)) return node;
  const { parent: _, ...rest } = node;
  return rest;
}

/** Copies of the chosen nodes and of the edges between them, a little aside, with ids of their own. */
export function duplicateNodes(
  definition: Definition,
  ids: ReadonlySet<string>,
): { definition: Definition; copies: string[] } {
  let result = definition;
  const copyOf = new Map<string, string>();
  for (const node of definition.nodes.filter(({ id }) => ids.has(id))) {
    const id = newNodeId(result, node.kind);
    const { x, y } = node.position ?? { x: 0, y: 0 };
    copyOf.set(node.id, id);
    result = addNode(result, { ...node, id, position: { x: x + COPY_OFFSET, y: y + COPY_OFFSET } });
  }
  for (const edge of definition.edges) {
    const [from, to] = [copyOf.get(edge.from), copyOf.get(edge.to)];
    if (from && to) result = addEdge(result, from, portOf(edge), to);
  }
  return { definition: result, copies: [...copyOf.values()] };
}

export function moveNodes(definition: Definition, positions: ReadonlyMap<string, Position>): Definition {
  return mapNodes(definition, (node) => {
    const next = positions.get(node.id);
    if (!next) return node;
    const position = { x: Math.round(next.x), y: Math.round(next.y) };
    const same = node.position?.x === position.x && node.position.y === position.y;
    return same ? node : { ...node, position };
  });
}

export function renameNode(definition: Definition, id: string, name: string): Definition {
  return mapNode(definition, id, (node) => {
    const { name: _, ...unnamed } = node;
    return name === "" ? unnamed : { ...node, name };
  });
}

export function setParams(definition: Definition, id: string, params: JsonObject): Definition {
  return mapNode(definition, id, (node) => ({ ...node, params }));
}

/** Change one setting; `undefined` takes it away, so that the server's default holds. */
export function setSetting<Key extends keyof NodeSettings & string>(
  definition: Definition,
  id: string,
  key: Key,
  value: NodeSettings[Key] | undefined,
): Definition {
  return mapNode(definition, id, (node) => {
    const settings: NodeSettings = { ...node.settings };
    if (value === undefined) delete settings[key];
    else settings[key] = value;
    const { settings: _, ...rest } = node;
    return Object.keys(settings).length > 0 ? { ...rest, settings } : rest;
  });
}

function mapNode(
  definition: Definition,
  id: string,
  change: (node: NodeDefinition) => NodeDefinition,
): Definition {
  return mapNodes(definition, (node) => (node.id === id ? change(node) : node));
}

function mapNodes(definition: Definition, change: (node: NodeDefinition) => NodeDefinition): Definition {
  const nodes = definition.nodes.map(change);
  const changed = nodes.some((node, index) => node !== definition.nodes[index]);
  return changed ? { ...definition, nodes } : definition;
}
