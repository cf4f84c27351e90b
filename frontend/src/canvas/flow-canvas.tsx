import "@xyflow/react/dist/base.css";
import "@/canvas/canvas.css";

import {
  applyNodeChanges,
  Background,
  BackgroundVariant,
  type Connection,
  type Edge,
  type EdgeChange,
  type FinalConnectionState,
  MiniMap,
  type NodeChange,
  ReactFlow,
  SelectionMode,
} from "@xyflow/react";
import { type ReactNode, useCallback, useMemo, useRef } from "react";

import type { Definition, NodeType, Position } from "@/api/types";
import { Body, type BodyNode, bodyNodes } from "@/canvas/body-node";
import { Card, type CardNode } from "@/canvas/card-node";
import { CanvasActionsProvider } from "@/canvas/canvas-actions";
import { WHOLE } from "@/canvas/fit";
import { useCards } from "@/canvas/use-cards";
import { useKeepInView } from "@/canvas/use-keep-in-view";
import { t } from "@/i18n";
import { ERROR } from "@/model/definition";
import { type Graph, toGraph } from "@/model/graph";
import { type EdgeRun, type NodeRun, runByEdge } from "@/model/run";
import { useTheme } from "@/stores/theme";

const nodeTypes = { card: Card, body: Body };
const MINIMAP_FROM = 12;
const noRuns: ReadonlyMap<string, NodeRun> = new Map();
const noProblems: ReadonlyMap<string, unknown[]> = new Map();
const noIds: ReadonlySet<string> = new Set();

/** What an editable canvas reports; without it the canvas only shows and selects. */
export interface CanvasEdits {
  move(positions: Map<string, Position>): void;
  connect(from: string, port: string, to: string): void;
  remove(nodes: Set<string>, edges: Set<string>): void;
  addAfter(node: string, port: string): void;
  dropConnection(node: string, port: string, at: { x: number; y: number }): void;
}

interface FlowCanvasProps {
  definition: Definition;
  types: ReadonlyMap<string, NodeType>;
  runs?: ReadonlyMap<string, NodeRun>;
  problems?: ReadonlyMap<string, unknown[]>;
  selected: ReadonlySet<string>;
  selectedEdges?: ReadonlySet<string>;
  onSelect(nodes: Set<string>, edges: Set<string>): void;
  edits?: CanvasEdits;
  children?: ReactNode;
}

export function FlowCanvas(props: FlowCanvasProps) {
  const { definition, types, runs = noRuns, problems = noProblems, selected, selectedEdges = noIds, edits } = props;
  const theme = useTheme((state) => state.theme);
  const graph = useMemo(() => toGraph(definition, types), [definition, types]);
  const [cards, setCards] = useCards(graph, { selected, runs, problems });
  const edgeRuns = useMemo(() => runByEdge(definition, runs), [definition, runs]);
  const edges = useMemo(() => toEdges(graph, edgeRuns, selectedEdges), [graph, edgeRuns, selectedEdges]);
  const pane = useRef<HTMLDivElement>(null);
  const noticeMove = useKeepInView(pane, selected, runs !== noRuns);
  const drawn = useMemo(() => [...bodyNodes(cards), ...cards], [cards]);
  const actions = useMemo(() => ({ addAfter: edits?.addAfter ?? null }), [edits]);

  const changeNodes = (changes: NodeChange<CardNode | BodyNode>[]) => {
    setCards((before) => applyNodeChanges(changes.filter(isLocal) as NodeChange<CardNode>[], before));
    const moved = settled(changes);
    if (moved.size > 0) edits?.move(moved);
    const chosen = reselect(selected, changes);
    if (chosen) props.onSelect(chosen, new Set(selectedEdges));
  };
  const changeEdges = (changes: EdgeChange[]) => {
    const chosen = reselect(selectedEdges, changes);
    if (chosen) props.onSelect(new Set(selected), chosen);
  };
  const finishConnection = useCallback(
    (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
      const { fromNode, fromHandle, toNode } = state;
      if (!edits || toNode || !fromNode || fromHandle?.type !== "source") return;
      const point = "changedTouches" in event ? event.changedTouches[0] : event;
      if (point) edits.dropConnection(fromNode.id, fromHandle.id ?? "success", { x: point.clientX, y: point.clientY });
    },
    [edits],
  );

  return (
    <CanvasActionsProvider value={actions}>
      <ReactFlow<CardNode | BodyNode>
        ref={pane}
        onMoveStart={noticeMove}
        aria-label={t("canvas.label")}
        nodes={drawn}
        edges={edges}
        nodeTypes={nodeTypes}
        colorMode={theme}
        onNodesChange={changeNodes}
        onEdgesChange={changeEdges}
        onConnect={({ source, sourceHandle, target }: Connection) =>
          edits?.connect(source, sourceHandle ?? "success", target)
        }
        onConnectEnd={finishConnection}
        onDelete={({ nodes, edges: gone }) => edits?.remove(idsOf(nodes), idsOf(gone))}
        isValidConnection={({ source, target }) => source !== target}
        nodesDraggable={Boolean(edits)}
        nodesConnectable={Boolean(edits)}
        deleteKeyCode={edits ? ["Delete", "Backspace"] : null}
        selectionMode={SelectionMode.Partial}
        panOnScroll
        selectionOnDrag={false}
        connectionRadius={28}
        minZoom={0.15}
        maxZoom={1.75}
        fitView
        fitViewOptions={WHOLE}
        onlyRenderVisibleElements={definition.nodes.length > 100}
        proOptions={{ hideAttribution: false }}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1.5} />
        {definition.nodes.length >= MINIMAP_FROM && <MiniMap pannable zoomable ariaLabel={t("canvas.minimap")} />}
        {props.children}
      </ReactFlow>
    </CanvasActionsProvider>
  );
}

/** Selection and removal go through the document; the rest (size, place while dragging) stays here. */
function isLocal(change: NodeChange<CardNode | BodyNode>): boolean {
  return change.type === "dimensions" || change.type === "position";
}

function settled(changes: NodeChange<CardNode | BodyNode>[]): Map<string, Position> {
  const moved = new Map<string, Position>();
  for (const change of changes) {
    if (change.type === "position" && !change.dragging && change.position) moved.set(change.id, change.position);
  }
  return moved;
}

function reselect(before: ReadonlySet<string>, changes: { type: string }[]): Set<string> | null {
  const chosen = changes.filter(
    (change): change is { type: "select"; id: string; selected: boolean } => change.type === "select",
  );
  if (chosen.length === 0) return null;
  const after = new Set(before);
  for (const { id, selected } of chosen) {
    if (selected) after.add(id);
    else after.delete(id);
  }
  return after;
}

function idsOf(elements: { id: string }[]): Set<string> {
  return new Set(elements.map(({ id }) => id));
}

function toEdges(graph: Graph, runs: ReadonlyMap<string, EdgeRun>, selected: ReadonlySet<string>): Edge[] {
  return graph.edges.map((edge) => {
    const run = runs.get(edge.id) ?? "idle";
    const error = edge.sourceHandle === ERROR && run === "idle";
    return {
      ...edge,
      selected: selected.has(edge.id),
      animated: run === "active",
      className: error ? "edge-error" : `edge-${run}`,
      ariaLabel: t("canvas.edge", { from: edge.source, to: edge.target, port: edge.sourceHandle }),
    };
  });
}
