import { useQuery } from "@tanstack/react-query";

import { meQuery } from "@/api/queries";

/** Whether the person at work may use a verb; false until that is known. */
export function useMay(verb: string): boolean {
  const { data: me } = useQuery(meQuery);
  return me?.may.includes(verb) ?? false;
}
