import { useReactFlow } from "@xyflow/react";
import { type RefObject, useEffect, useRef } from "react";

import { fitReadably, WHOLE } from "@/canvas/fit";

const MARGIN = 56;
const SETTLE_MS = 120;

/**
 * Keeps in sight what matters when panels open beside the canvas: the selected card, or the whole
 * graph as long as nobody has moved the view by hand. A run is watched whole, however small.
 */
export function useKeepInView(
  pane: RefObject<HTMLElement | null>,
  selected: ReadonlySet<string>,
  running: boolean,
) {
  const flow = useReactFlow();
  const touched = useRef(false);
  const chosen = useRef(selected);
  const watched = useRef(running);
  const settleSoon = useRef(() => undefined as void);
  useEffect(() => {
    chosen.current = selected;
    if (selected.size === 1) settleSoon.current();
  }, [selected]);

  useEffect(() => {
    watched.current = running;
  }, [running]);

  useEffect(() => {
    const element = pane.current;
    if (!element) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let first = true;
    const settle = () => {
      const { current: ids } = chosen;
      if (flow.getNodes().some(({ dragging }) => dragging)) return;
      const [only] = ids;
      const opening = first;
      first = false;
      if (!opening && ids.size === 1 && only !== undefined) bringIn(only, element);
      else if (!touched.current && watched.current) void flow.fitView(WHOLE);
      else if (!touched.current) fitReadably(flow, element);
      if (opening && only !== undefined) timer = setTimeout(settle, SETTLE_MS + WHOLE.duration);
    };
    const bringIn = (id: string, within: HTMLElement) => {
      const node = flow.getNode(id);
      if (!node?.measured?.width) return;
      const { x, y, zoom } = flow.getViewport();
      const left = node.position.x * zoom + x;
      const top = node.position.y * zoom + y;
      const dx = shift(left, node.measured.width * zoom, within.clientWidth);
      const dy = shift(top, (node.measured.height ?? 0) * zoom, within.clientHeight);
      if (dx !== 0 || dy !== 0) void flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: 220 });
    };
    settleSoon.current = () => {
      clearTimeout(timer);
      timer = setTimeout(settle, SETTLE_MS);
    };
    const watcher = new ResizeObserver(() => settleSoon.current());
    watcher.observe(element);
    return () => {
      clearTimeout(timer);
      watcher.disconnect();
    };
  }, [flow, pane]);

  return (event: unknown) => {
    if (event) touched.current = true; // null when the page itself moved the view
  };
}

/** How far something must move along one axis to lie inside. */
function shift(start: number, length: number, room: number): number {
  if (start < MARGIN) return MARGIN - start;
  const over = start + length + MARGIN - room;
  return over > 0 ? -over : 0;
}
