import { useEffect, useRef } from "react";

import { useAddress } from "@/pages/use-address";
import { useEditor } from "@/stores/editor";

/** The one selected node, kept in the address so that a link or a reload opens it again. */
export function useSelectedNode(): string | null {
  const selected = useEditor((state) => state.selected);
  const select = useEditor((state) => state.select);
  const [address, change] = useAddress();
  const [first] = selected;
  const node = selected.size === 1 && first !== undefined ? first : null;
  const linked = useRef(address.get("node"));

  useEffect(() => {
    if (linked.current) select([linked.current]);
  }, [select]);
  useEffect(() => {
    if (linked.current && node === null) return; // the linked node is on its way in
    linked.current = null;
    change((query) => {
      if (query.get("node") === node) return;
      query.delete("step");
      if (node === null) query.delete("node");
      else query.set("node", node);
    });
  }, [node, change]);
  return node;
}
