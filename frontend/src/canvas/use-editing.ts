import { useReactFlow } from "@xyflow/react";
import { useCallback, useMemo, useState } from "react";

import type { NodeDefinition, NodeType, Position } from "@/api/types";
import { WHOLE } from "@/canvas/fit";
import type { CanvasEdits } from "@/canvas/flow-canvas";
import {
  addNode,
  connect,
  duplicateNodes,
  isTrigger,
  moveNodes,
  newNodeId,
  nodeById,
  removeElements,
} from "@/model/definition";
import { portsFor } from "@/model/graph";
import { layered, NODE_HEIGHT, NODE_WIDTH, placeAfter } from "@/model/layout";
import { initialParams } from "@/model/schema";
import { useEditor } from "@/stores/editor";

/** Where the next node goes, and what it is connected to. */
interface Adding {
  from: { node: string; port: string } | null;
  at: Position;
}

/** What people can do to the document on the canvas; nothing of it when they may only look. */
export function useEditing(types: ReadonlyMap<string, NodeType>, editable: boolean) {
  const flow = useReactFlow();
  const edit = useEditor((state) => state.edit);
  const select = useEditor((state) => state.select);
  const [adding, setAdding] = useState<Adding | null>(null);

  const edits = useMemo<CanvasEdits | null>(() => {
    if (!editable) return null;
    return {
      move: (positions) => edit((definition) => moveNodes(definition, positions)),
      connect: (from, port, to) => edit((definition) => connect(definition, from, port, to, opensItems(types, from))),
      remove: (nodes, edges) => edit((definition) => removeElements(definition, nodes, edges)),
      addAfter: (node, port) => setAdding({ from: { node, port }, at: spotAfter(node, flow.getNode(node)?.position) }),
      dropConnection: (node, port, at) => {
        const { x, y } = flow.screenToFlowPosition(at);
        setAdding({ from: { node, port }, at: { x, y: y - NODE_HEIGHT / 2 } });
      },
    };
  }, [editable, edit, flow, types]);

  const add = useCallback(() => {
    const pane = document.querySelector(".react-flow")?.getBoundingClientRect();
    const middle = pane ? { x: pane.x + pane.width / 2, y: pane.y + pane.height / 2 } : { x: 0, y: 0 };
    const { x, y } = flow.screenToFlowPosition(middle);
    setAdding({ from: null, at: { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 } });
  }, [flow]);

  const pick = (type: NodeType) => {
    const { definition } = useEditor.getState();
    const id = newNodeId(definition, type.kind);
    const at = adding?.at ?? { x: 0, y: 0 };
    const node: NodeDefinition = {
      id,
      kind: type.kind,
      params: initialParams(type.params_schema),
      position: { x: Math.round(at.x), y: Math.round(at.y) },
    };
    const from = adding?.from;
    edit((before) => {
      const added = addNode(before, node);
      return from && !isTrigger(type.kind)
        ? connect(added, from.node, from.port, id, opensItems(types, from.node))
        : added;
    });
    select([id]);
    setAdding(null);
  };

  const tidy = () => {
    edit((definition) => {
      const ports = definition.nodes.map((node): [string, string[]] => [
        node.id,
        portsFor(definition, node, types.get(node.kind) ?? null),
      ]);
      return moveNodes(definition, layered(definition, new Map(ports)));
    });
    requestAnimationFrame(() => void flow.fitView(WHOLE));
  };

  const duplicate = () => {
    const { definition, selected } = useEditor.getState();
    const result = duplicateNodes(definition, selected);
    if (result.copies.length === 0) return;
    edit(() => result.definition);
    select(result.copies);
  };

  return {
    edits,
    adding,
    add,
    pick,
    tidy,
    duplicate,
    fit: () => void flow.fitView(WHOLE),
    stopAdding: () => setAdding(null),
  };
}

function opensItems(types: ReadonlyMap<string, NodeType>, id: string): boolean {
  const kind = nodeById(useEditor.getState().definition, id)?.kind;
  return kind !== undefined && (types.get(kind)?.opens_items ?? false);
}

function spotAfter(id: string, drawnAt: Position | undefined): Position {
  const { definition } = useEditor.getState();
  return placeAfter(definition, nodeById(definition, id)?.position ?? drawnAt ?? { x: 0, y: 0 });
}
