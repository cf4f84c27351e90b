import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { call } from "@/api/client";
import { ApiError, isTransient } from "@/api/problem";
import { queryClient, savesUnderWay, withWholeDraft, workflowQuery } from "@/api/queries";
import type { Definition, Workflow } from "@/api/types";
import { placeProblems } from "@/model/problems";
import { useEditor } from "@/stores/editor";

export type SaveState = "saved" | "dirty" | "saving" | "conflict" | "refused" | "offline";

const AUTOSAVE_MS = 1500;
const RETRY_MS = 5000;

interface Saved {
  workflow: Workflow;
  etag: string | null;
  /** The document the server's problems point into: exactly what was sent. */
  definition: Definition;
}

/**
 * Keeps the server's draft in line with the editor: saves soon after an edit, one request at a time,
 * and never over somebody else's change (`If-Match`).
 */
export function useDraft(loaded: { workflow: Workflow; etag: string | null }) {
  const [saved, setSaved] = useState<Saved>({ ...loaded, definition: loaded.workflow.draft.definition });
  const [state, setState] = useState<SaveState>("saved");
  const [error, setError] = useState<unknown>(null);
  /** A document the server will not take is not sent again until it is edited. */
  const [refused, setRefused] = useState<Definition | null>(null);
  const definition = useEditor((editor) => editor.definition);
  const current = useRef(saved);
  const flight = useRef<Promise<boolean> | null>(null);
  const id = loaded.workflow.id;

  const keep = useCallback(
    (workflow: Workflow, etag: string | null, sent: Definition) => {
      current.current = { workflow, etag, definition: sent };
      setSaved(current.current);
      setError(null);
      queryClient.setQueryData(workflowQuery(id).queryKey, { workflow, etag });
    },
    [id],
  );

  const patch = useCallback(
    async (body: { name?: string; definition?: Definition }): Promise<boolean> => {
      const sent = body.definition ?? current.current.definition;
      setState("saving");
      try {
        const headers = { "If-Match": current.current.etag ?? "*" };
        const reply = await call("PATCH /api/v1/workflows/{id}", { path: { id }, body, headers });
        keep(withWholeDraft(reply.data), reply.etag ?? current.current.etag, sent);
        setState(useEditor.getState().definition === sent ? "saved" : "dirty");
        return true;
      } catch (caught) {
        setError(caught);
        const next = stateAfter(caught);
        if (next === "refused") setRefused(sent);
        setState(next);
        return false;
      }
    },
    [id, keep],
  );

  const launch = useCallback(
    (body: { name?: string; definition?: Definition }): Promise<boolean> => {
      const underWay = patch(body).finally(() => {
        flight.current = null;
        savesUnderWay.delete(id);
      });
      flight.current = underWay;
      savesUnderWay.set(id, underWay);
      return underWay;
    },
    [id, patch],
  );

  /** Save what is on the canvas now, after any save still under way; true when the server has it. */
  const save = useCallback(async (): Promise<boolean> => {
    while (flight.current) await flight.current;
    const { owner, definition: latest } = useEditor.getState();
    if (owner !== id || latest === current.current.definition) return true;
    return launch({ definition: latest });
  }, [id, launch]);

  /** Answer a conflict, or a change made elsewhere, with the server's version. */
  const reload = useCallback(async () => {
    const { data, etag } = await call("GET /api/v1/workflows/{id}", { path: { id } });
    const workflow = withWholeDraft(data);
    useEditor.getState().load(id, workflow.draft.definition);
    keep(workflow, etag, workflow.draft.definition);
    setState("saved");
  }, [id, keep]);

  /** Answer a conflict with this page's version: take the server's current tag, then save. */
  const overwrite = useCallback(async () => {
    const { data, etag } = await call("GET /api/v1/workflows/{id}", { path: { id } });
    current.current = { ...current.current, workflow: data, etag };
    return save();
  }, [id, save]);

  const rename = useCallback(
    async (name: string) => {
      while (flight.current) await flight.current;
      return launch({ name });
    },
    [launch],
  );

  /** Save, then make the draft the version that triggers start; answers its number, or null when it could not save. */
  const publish = useCallback(async (): Promise<number | null> => {
    if (!(await save())) return null;
    await call("POST /api/v1/workflows/{id}/publish", { path: { id } });
    const { data, etag } = await call("GET /api/v1/workflows/{id}", { path: { id } });
    keep(withWholeDraft(data), etag, current.current.definition);
    return data.published_version;
  }, [id, keep, save]);

  const clean = definition === saved.definition;
  useEffect(() => {
    if (clean || state === "saving" || state === "conflict" || definition === refused) return undefined;
    if (state !== "offline") setState("dirty");
    const timer = setTimeout(() => void save(), state === "offline" ? RETRY_MS : AUTOSAVE_MS);
    return () => clearTimeout(timer);
  }, [clean, definition, refused, state, save]);

  useUnsavedGuard(!clean, save);

  const shown = shownState(state, clean);
  const problems = useMemo(() => {
    if (shown === "refused" && refused && error instanceof ApiError) return placeProblems(refused, error.errors);
    return placeProblems(saved.definition, saved.workflow.draft.problems ?? []);
  }, [saved, shown, refused, error]);
  return { workflow: saved.workflow, state: shown, error, problems, save, overwrite, reload, rename, publish };
}

/** What to say in the moment between a change and the effect that notices it. */
function shownState(state: SaveState, clean: boolean): SaveState {
  if (clean) return state === "dirty" || state === "refused" ? "saved" : state;
  return state === "saved" ? "dirty" : state;
}

function stateAfter(error: unknown): SaveState {
  if (error instanceof ApiError && error.status === 412) return "conflict";
  return isTransient(error) || (error instanceof ApiError && error.status === 401) ? "offline" : "refused";
}

/** Leaving the editor saves; leaving the site with unsaved work asks first. */
function useUnsavedGuard(dirty: boolean, save: () => Promise<boolean>): void {
  useEffect(() => {
    if (!dirty) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [dirty]);
  useEffect(() => () => void save(), [save]);
}
