import { useAddress } from "@/pages/use-address";

/** The node and, of several visits, the step that is looked at; both stand in the address. */
export function useSelectedStep() {
  const [address, change] = useAddress();
  const node = address.get("node");
  const select = (chosen: string | null, step?: string) => {
    if (chosen === node && step === undefined) return;
    change((query) => {
      query.delete("node");
      query.delete("step");
      if (chosen) query.set("node", chosen);
      if (chosen && step && step !== chosen) query.set("step", step);
    });
  };
  return { node, select };
}
