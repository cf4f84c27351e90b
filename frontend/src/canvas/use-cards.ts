import { type Dispatch, type SetStateAction, useLayoutEffect, useState } from "react";

import type { CardData, CardNode } from "@/canvas/card-node";
import type { Graph, GraphNode } from "@/model/graph";
import type { NodeRun } from "@/model/run";

interface Overlay {
  selected: ReadonlySet<string>;
  runs: ReadonlyMap<string, NodeRun>;
  problems: ReadonlyMap<string, unknown[]>;
}

/**
 * The drawing library's nodes, brought in line with the document after each change. What the
 * library measured stays, and an unchanged card keeps its identity, so that it is not drawn again.
 */
export function useCards(graph: Graph, overlay: Overlay): [CardNode[], Dispatch<SetStateAction<CardNode[]>>] {
  const { selected, runs, problems } = overlay;
  const [cards, setCards] = useState<CardNode[]>([]);
  useLayoutEffect(() => {
    setCards((before) => {
      const known = new Map(before.map((card) => [card.id, card]));
      return graph.nodes.map((node) => {
        const extra = { run: runs.get(node.id) ?? null, problems: problems.get(node.id)?.length ?? 0 };
        return nextCard(known.get(node.id), node, extra, selected.has(node.id));
      });
    });
  }, [graph, selected, runs, problems]);
  return [cards, setCards];
}

function nextCard(
  before: CardNode | undefined,
  node: GraphNode,
  extra: Pick<CardData, "run" | "problems">,
  selected: boolean,
): CardNode {
  const data: CardData = { ...node.data, ...extra };
  if (!before) return { id: node.id, type: "card", position: node.position, data, selected };
  const position = before.dragging ? before.position : node.position;
  const kept = sameData(before.data, data) ? before.data : data;
  const same = kept === before.data && before.selected === selected && samePosition(before.position, position);
  return same ? before : { ...before, position, data: kept, selected };
}

function samePosition(a: GraphNode["position"], b: GraphNode["position"]): boolean {
  return a.x === b.x && a.y === b.y;
}

function sameData(a: CardData, b: CardData): boolean {
  return (
    a.node === b.node &&
    a.type === b.type &&
    a.problems === b.problems &&
    a.ports.join() === b.ports.join() &&
    a.run?.step === b.run?.step &&
    a.run?.status === b.run?.status &&
    a.run?.done === b.run?.done &&
    a.run?.total === b.run?.total
  );
}
