import type { ReactFlowInstance } from "@xyflow/react";

/** How the whole graph is brought into view. */
export const WHOLE = { maxZoom: 1, padding: 0.08, duration: 220 };

const READABLE = 0.6;
const CLOSE_UP = 0.72;
const MARGIN = 48;

type Flow = Pick<ReactFlowInstance, "fitView" | "getNodes" | "getNodesBounds" | "setViewport">;

/** Show the whole graph, or its beginning when the whole of it would be too small to read. */
export function fitReadably(flow: Flow, pane: { clientWidth: number; clientHeight: number }): void {
  const nodes = flow.getNodes();
  const [first] = nodes.filter(({ type }) => type === "card").toSorted((a, b) => a.position.x - b.position.x);
  const bounds = flow.getNodesBounds(nodes);
  const zoom = Math.min(pane.clientWidth / bounds.width, pane.clientHeight / bounds.height);
  if (!first || zoom >= READABLE) {
    void flow.fitView(WHOLE);
    return;
  }
  const middle = first.position.y + (first.measured?.height ?? 0) / 2;
  void flow.setViewport(
    { x: MARGIN - bounds.x * CLOSE_UP, y: pane.clientHeight / 2 - middle * CLOSE_UP, zoom: CLOSE_UP },
    { duration: WHOLE.duration },
  );
}
