import type { Node } from "@xyflow/react";

import type { CardNode } from "@/canvas/card-node";
import { cardHeight, NODE_WIDTH, bodies } from "@/model/layout";

export type BodyNode = Node<Record<string, never>, "body">;

/** The area behind the nodes that run once per item. */
export function Body() {
  return <div className="size-full rounded-2xl border border-dashed border-control/60 bg-subtle/60" />;
}

/** Drawn from where the cards stand; people move the cards, not the area. */
export function bodyNodes(cards: readonly CardNode[]): BodyNode[] {
  const placed = cards.map(({ position, measured, data }) => ({
    parent: data.node.parent,
    box: {
      ...position,
      width: measured?.width ?? NODE_WIDTH,
      height: measured?.height ?? cardHeight(data.ports.length),
    },
  }));
  return [...bodies(placed)].map(([owner, { x, y, width, height }]) => ({
    id: `body of ${owner}`,
    type: "body",
    position: { x, y },
    width,
    height,
    measured: { width, height },
    data: {},
    zIndex: -1,
    selectable: false,
    draggable: false,
    connectable: false,
    deletable: false,
    focusable: false,
    className: "pointer-events-none",
  }));
}
