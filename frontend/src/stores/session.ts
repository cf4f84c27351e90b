import { create } from "zustand";

/** Set when the server stops accepting the session while somebody is at work on a page. */
export const useSession = create<{ expired: boolean; setExpired(expired: boolean): void }>((set) => ({
  expired: false,
  setExpired: (expired) => set({ expired }),
}));
