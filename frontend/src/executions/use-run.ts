import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

import { executionQuery, refresh, stepsQuery } from "@/api/queries";
import { type Connection, useLiveRun } from "@/executions/use-live-run";
import { runByNode } from "@/model/run";
import { isFinal } from "@/model/status";

const POLL_MS = 2500;

/**
 * One execution from both sources: events while the socket lives, rows over HTTP for payloads, for
 * history, and instead of events while the socket is away.
 */
export function useRun(id: string | null) {
  const live = useLiveRun(id);
  const { state, connection, change } = live;
  const final = state.execution ? isFinal(state.execution.status) : false;
  const polling = id !== null && !final && connection !== "live" ? POLL_MS : false;
  const execution = useQuery({ ...executionQuery(id ?? ""), enabled: id !== null, refetchInterval: polling });
  const steps = useQuery({ ...stepsQuery(id ?? ""), enabled: id !== null, refetchInterval: polling });

  const { data: row } = execution;
  const { data: rows } = steps;
  useEffect(() => {
    if (id && row?.id === id) change({ kind: "rows", execution: row, steps: [] });
  }, [id, row, change]);
  useEffect(() => {
    if (id && rows) change({ kind: "rows", execution: null, steps: rows });
  }, [id, rows, change]);
  useEffect(() => {
    if (id && final) refresh(["execution", id]); // events may leave out large payloads; rows have them
  }, [id, final]);

  const byNode = useMemo(() => runByNode(state), [state]);
  return { id, state, byNode, final, connection: shown(connection, final), error: state.execution ? null : execution.error };
}

export type Run = ReturnType<typeof useRun>;

function shown(connection: Connection, final: boolean): Connection {
  return final ? "live" : connection;
}
