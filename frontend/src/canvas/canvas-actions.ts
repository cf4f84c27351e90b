import { createContext, useContext } from "react";

/** What a card may ask of the canvas around it; a run's canvas offers nothing. */
export interface CanvasActions {
  addAfter: ((node: string, port: string) => void) | null;
}

const Actions = createContext<CanvasActions>({ addAfter: null });

export const CanvasActionsProvider = Actions.Provider;

export function useCanvasActions(): CanvasActions {
  return useContext(Actions);
}
