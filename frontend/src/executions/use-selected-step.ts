import { useSearchParams } from "react-router";

/** The node and, of several visits, the step that is looked at; both stand in the address. */
export function useSelectedStep() {
  const [address, setAddress] = useSearchParams();
  const select = (node: string | null, step?: string) => {
    if (node === address.get("node") && step === undefined) return;
    setAddress(
      (before) => {
        const next = new URLSearchParams(before);
        next.delete("node");
        next.delete("step");
        if (node) next.set("node", node);
        if (node && step && step !== node) next.set("step", step);
        return next;
      },
      { replace: true },
    );
  };
  return { node: address.get("node"), select };
}
