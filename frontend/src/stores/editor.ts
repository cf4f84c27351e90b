import { temporal } from "zundo";
import { create } from "zustand";

import type { Definition } from "@/api/types";
import { emptyDefinition } from "@/model/definition";

interface EditorState {
  /** The workflow whose draft this is, so that no page ever saves another's document. */
  owner: string | null;
  definition: Definition;
  /** Node ids; kept out of undo, which is about the document only. */
  selected: ReadonlySet<string>;
  selectedEdges: ReadonlySet<string>;
  load(owner: string, definition: Definition): void;
  /** Change the document. Edits with the same gesture in quick succession undo as one. */
  edit(change: (definition: Definition) => Definition, gesture?: string): void;
  select(nodes: Iterable<string>, edges?: Iterable<string>): void;
}

const UNDO_STEPS = 200;
const GESTURE_PAUSE_MS = 900;
const none: ReadonlySet<string> = new Set();

let gesture: { name: string; at: number } = { name: "", at: 0 };
let startsGesture = true;

export const useEditor = create<EditorState>()(
  temporal(
    (set) => ({
      owner: null,
      definition: emptyDefinition(),
      selected: none,
      selectedEdges: none,
      load: (owner, definition) => {
        set({ owner, definition, selected: none, selectedEdges: none });
        useEditor.temporal.getState().clear();
        gesture = { name: "", at: 0 };
      },
      edit: (change, name = "") => {
        startsGesture = beginsGesture(name, Date.now());
        set(({ definition }) => ({ definition: change(definition) }));
      },
      select: (nodes, edges = none) => set({ selected: new Set(nodes), selectedEdges: new Set(edges) }),
    }),
    {
      limit: UNDO_STEPS,
      partialize: ({ definition }) => ({ definition }),
      equality: (past, current) => past.definition === current.definition,
      handleSet: (record) => (past, replace, current, delta) => {
        if (startsGesture) (record as (...states: unknown[]) => void)(past, replace, current, delta);
        startsGesture = true;
      },
    },
  ),
);

export function undo(): void {
  gesture = { name: "", at: 0 };
  useEditor.temporal.getState().undo();
}

export function redo(): void {
  gesture = { name: "", at: 0 };
  useEditor.temporal.getState().redo();
}

function beginsGesture(name: string, now: number): boolean {
  const continues = name !== "" && name === gesture.name && now - gesture.at < GESTURE_PAUSE_MS;
  gesture = { name, at: now };
  return !continues;
}
