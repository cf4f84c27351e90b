import type {
  Definition,
  Execution,
  ExecutionStatus,
  Frame,
  Iteration,
  RunEvent,
  Snapshot,
  Step,
  StepStatus,
} from "@/api/types";
import { edgeId } from "@/model/definition";
import { isFinal } from "@/model/status";

/** One execution as the page knows it: the newest row of each step, and how far the events got. */
export interface RunState {
  execution: Execution | null;
  steps: ReadonlyMap<string, Step>;
  seq: number;
}

export const EMPTY_RUN: RunState = { execution: null, steps: new Map(), seq: 0 };

/** `each.3/loop.2`, as keys and URLs write an iteration. */
export function iterationPath(iteration: Iteration | undefined): string {
  return (iteration ?? []).map(({ scope, index }) => `${scope}.${index}`).join("/");
}

export function stepKey(step: { node: string; iteration?: Iteration | undefined }): string {
  const path = iterationPath(step.iteration);
  return path === "" ? step.node : `${step.node}@${path}`;
}

/** Take one frame in. A frame that is not newer than what is known changes nothing. */
export function applyFrame(state: RunState, frame: Frame): RunState {
  if (frame.type === "gap") return state;
  if (frame.type === "snapshot") return applySnapshot(state, frame as Snapshot);
  return applyEvent(state, frame as RunEvent);
}

/** Take in rows fetched over HTTP, whose place among the events is not known. */
export function applyRows(state: RunState, execution: Execution | null, steps: readonly Step[]): RunState {
  const merged = new Map(state.steps);
  for (const step of steps) merged.set(stepKey(step), mergeRow(merged.get(stepKey(step)), step));
  return { ...state, execution: newerExecution(state.execution, execution), steps: merged };
}

function applySnapshot(state: RunState, frame: Snapshot): RunState {
  if (frame.seq < state.seq) return state;
  const steps = new Map<string, Step>();
  for (const step of frame.steps) steps.set(stepKey(step), mergeStep(state.steps.get(stepKey(step)), step));
  return { execution: { ...state.execution, ...frame.execution }, steps, seq: frame.seq };
}

function applyEvent(state: RunState, event: RunEvent): RunState {
  if (event.seq <= state.seq) return state;
  return {
    seq: event.seq,
    execution: executionAfter(state.execution, event),
    steps: event.step ? stepsAfter(state.steps, event, event.step) : state.steps,
  };
}

function executionAfter(before: Execution | null, event: RunEvent): Execution | null {
  const row = typeof event.execution === "object" ? event.execution : null;
  if (!before) return row?.id && row.status ? (row as Execution) : null;
  const status = row?.status ?? executionStatus(event.type);
  return { ...before, ...row, ...(status ? { status } : {}) };
}

function executionStatus(type: string): ExecutionStatus | null {
  const [noun, verb = ""] = type.split(".");
  if (noun !== "execution") return null;
  return verb === "started" || verb === "resumed" ? "running" : (verb as ExecutionStatus);
}

function stepsAfter(
  steps: ReadonlyMap<string, Step>,
  event: RunEvent,
  row: NonNullable<RunEvent["step"]>,
): ReadonlyMap<string, Step> {
  const key = stepKey(row);
  const before = steps.get(key);
  const status = row.status ?? stepStatus(event.type) ?? before?.status ?? "pending";
  const blank: Step = { id: key, node: row.node, kind: "", iteration: [], status, attempt: 1 };
  return new Map(steps).set(key, mergeStep(before ?? blank, { ...row, status }));
}

function stepStatus(type: string): StepStatus | null {
  const [noun, verb = ""] = type.split(".");
  if (noun !== "step" || verb === "progress") return null;
  if (verb === "started") return "running";
  return verb === "retrying" ? "waiting" : (verb as StepStatus);
}

/** Rows from different sources carry different columns: an absent one never erases a known one. */
function mergeStep(before: Step | undefined, row: Partial<Step>): Step {
  const known = Object.entries(row).filter(([, value]) => value !== undefined);
  return { ...before, ...Object.fromEntries(known) } as Step;
}

/** A row read before the events went on only fills in what they left out. */
function mergeRow(known: Step | undefined, row: Step): Step {
  const behind = known && progressOf(row) < progressOf(known);
  return behind ? mergeStep(row, known) : mergeStep(known, row);
}

const PROGRESS: Partial<Record<StepStatus, number>> = { pending: 0, running: 1, waiting: 1, undone: 3 };

function progressOf({ attempt, status }: Step): number {
  return (attempt || 1) * 4 + (PROGRESS[status] ?? 2);
}

function newerExecution(before: Execution | null, after: Execution | null): Execution | null {
  if (!before || !after) return after ?? before;
  const stale = isFinal(before.status) && !isFinal(after.status);
  return stale ? before : { ...before, ...after };
}

/** The state a card shows: of several iterations the most urgent one. */
export interface NodeRun {
  status: StepStatus;
  step: Step;
  total: number;
  done: number;
}

const URGENCY: StepStatus[] = [
  "failed",
  "running",
  "waiting",
  "pending",
  "cancelled",
  "undone",
  "succeeded",
  "skipped",
];

export function runByNode(state: RunState): Map<string, NodeRun> {
  const byNode = new Map<string, NodeRun>();
  for (const step of state.steps.values()) {
    const before = byNode.get(step.node);
    const urgent = !before || URGENCY.indexOf(step.status) < URGENCY.indexOf(before.status);
    byNode.set(step.node, {
      status: urgent ? step.status : before.status,
      step: urgent ? step : before.step,
      total: (before?.total ?? 0) + 1,
      done: (before?.done ?? 0) + (step.finished_at ? 1 : 0),
    });
  }
  return byNode;
}

export type EdgeRun = "idle" | "active" | "taken" | "dead";

/** What each edge did in this run, read off the states of its two ends. */
export function runByEdge(definition: Definition, nodes: ReadonlyMap<string, NodeRun>): Map<string, EdgeRun> {
  return new Map(
    definition.edges.map((edge) => {
      const source = nodes.get(edge.from)?.status;
      const target = nodes.get(edge.to)?.status;
      return [edgeId(edge), edgeRun(source, target)];
    }),
  );
}

function edgeRun(source: StepStatus | undefined, target: StepStatus | undefined): EdgeRun {
  if (!source || !target || target === "pending") return "idle";
  if (source === "skipped" || target === "skipped") return "dead";
  return target === "running" || target === "waiting" ? "active" : "taken";
}

/** Steps in the order in which they began; those that have not begun come last. */
export function stepsInOrder(state: RunState): Step[] {
  const began = (step: Step) => step.started_at ?? step.queued_at ?? step.finished_at ?? "\uffff";
  return [...state.steps.values()].toSorted((a, b) => {
    const [left, right] = [began(a), began(b)];
    if (left === right) return a.id < b.id ? -1 : 1;
    return left < right ? -1 : 1;
  });
}
