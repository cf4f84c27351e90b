import { useEffect, useReducer, useRef, useState } from "react";

import type { Execution, Frame, Step } from "@/api/types";
import { openSocket } from "@/executions/socket";
import { applyFrame, applyRows, EMPTY_RUN, type RunState } from "@/model/run";

export type Connection = "connecting" | "live" | "lost" | "refused";

type Change =
  | { kind: "frames"; frames: Frame[] }
  | { kind: "rows"; execution: Execution | null; steps: Step[] }
  | { kind: "restart" };

/** Close codes after which trying again cannot help: wrong credentials, unknown execution. */
const REFUSALS = new Set([4401, 4404]);
const DRAW_MS = 30;
/** The snapshot comes at once; a socket that has said nothing for so long is given up for a new one. */
const SILENCE_MS = 3000;

export function reduceRun(state: RunState, change: Change): RunState {
  if (change.kind === "restart") return EMPTY_RUN;
  if (change.kind === "rows") return applyRows(state, change.execution, change.steps);
  return change.frames.reduce(applyFrame, state);
}

/**
 * The events of one execution as they happen. After a lost connection, or when the server says that
 * this client fell behind, it reconnects with the last `seq` and so misses nothing.
 */
export function useLiveRun(id: string | null) {
  const [state, change] = useReducer(reduceRun, EMPTY_RUN);
  const [connection, setConnection] = useState<Connection>("connecting");
  const seq = useRef(0);
  useEffect(() => {
    seq.current = state.seq;
  }, [state.seq]);

  useEffect(() => {
    change({ kind: "restart" });
    if (!id) return undefined;
    seq.current = 0;
    setConnection("connecting");
    const buffer = frameBuffer((frames) => change({ kind: "frames", frames }));
    const socket = openSocket(() => `/ws/executions/${encodeURIComponent(id)}?after=${seq.current}`);
    let patience: ReturnType<typeof setTimeout> | undefined;
    socket.addEventListener("open", () => {
      clearTimeout(patience);
      patience = setTimeout(() => socket.reconnect(), SILENCE_MS);
    });
    socket.addEventListener("message", ({ data }) => {
      clearTimeout(patience);
      setConnection("live"); // not before: an open socket alone promises nothing
      buffer.add(JSON.parse(String(data)) as Frame);
    });
    socket.addEventListener("close", ({ code }) => {
      clearTimeout(patience);
      if (REFUSALS.has(code)) socket.close();
      setConnection(REFUSALS.has(code) ? "refused" : "lost");
    });
    return () => {
      clearTimeout(patience);
      buffer.stop();
      socket.close();
    };
  }, [id]);

  return { state, connection, change };
}

/** Gathers the frames of a moment, so that a burst of them is drawn once. */
function frameBuffer(flush: (frames: Frame[]) => void) {
  let frames: Frame[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  const deliver = () => {
    const ready = frames;
    frames = [];
    timer = null;
    flush(ready);
  };
  return {
    add: (frame: Frame) => {
      frames.push(frame);
      timer ??= setTimeout(deliver, DRAW_MS);
    },
    stop: () => {
      if (timer) clearTimeout(timer);
    },
  };
}
