import { useEffect, useRef } from "react";
import { useSearchParams } from "react-router";

import { useEditor } from "@/stores/editor";

/** The one selected node, kept in the address so that a link or a reload opens it again. */
export function useSelectedNode(): string | null {
  const selected = useEditor((state) => state.selected);
  const select = useEditor((state) => state.select);
  const [address, setAddress] = useSearchParams();
  const [first] = selected;
  const node = selected.size === 1 && first !== undefined ? first : null;
  const linked = useRef(address.get("node"));

  useEffect(() => {
    if (linked.current) select([linked.current]);
  }, [select]);
  useEffect(() => {
    if (linked.current && node === null) return; // the linked node is on its way in
    linked.current = null;
    setAddress(
      (before) => {
        if (before.get("node") === node) return before;
        const next = new URLSearchParams(before);
        if (node === null) next.delete("node");
        else next.set("node", node);
        return next;
      },
      { replace: true },
    );
    // The setter changes with the address itself; only the selection is to be followed.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [node]);
  return node;
}
