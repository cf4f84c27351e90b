import { describe, expect, it } from "vitest";

import type { Execution, RunEvent, Snapshot, Step } from "@/api/types";
import { applyFrame, applyRows, EMPTY_RUN, runByEdge, runByNode, stepKey, stepsInOrder } from "@/model/run";

const execution: Execution = {
  id: "0192",
  workflow: "w",
  version: 1,
  status: "running",
  trigger: null,
  created_at: "2026-01-01T00:00:00Z",
  started_at: "2026-01-01T00:00:00Z",
  finished_at: null,
};

const step = (node: string, status: Step["status"], more: Partial<Step> = {}): Step => ({
  id: node,
  node,
  kind: "data.set",
  iteration: [],
  status,
  attempt: 1,
  ...more,
});

const snapshot = (seq: number, ...steps: Step[]): Snapshot => ({ type: "snapshot", seq, execution, steps });
const event = (seq: number, type: string, more: Partial<RunEvent> = {}): RunEvent => ({ type, seq, at: "", ...more });

describe("a run's state", () => {
  it("starts from the snapshot", () => {
    const state = applyFrame(EMPTY_RUN, snapshot(4, step("a", "running")));

    expect([state.seq, state.execution?.status, state.steps.get("a")?.status]).toEqual([4, "running", "running"]);
  });

  it("follows a step's events", () => {
    const before = applyFrame(EMPTY_RUN, snapshot(4, step("a", "running", { input: 1 })));
    const after = applyFrame(before, event(5, "step.succeeded", { step: { node: "a", output: 2 } }));

    expect(after.steps.get("a")).toMatchObject({ status: "succeeded", input: 1, output: 2 });
  });

  it("learns of a step that the snapshot did not have", () => {
    const after = applyFrame(EMPTY_RUN, event(1, "step.started", { step: { node: "b" } }));

    expect(after.steps.get("b")?.status).toBe("running");
  });

  it("waits between two tries", () => {
    const after = applyFrame(EMPTY_RUN, event(1, "step.retrying", { step: { node: "b" } }));

    expect(after.steps.get("b")?.status).toBe("waiting");
  });

  it("ignores an event it has already seen", () => {
    const before = applyFrame(EMPTY_RUN, snapshot(4, step("a", "succeeded")));

    expect(applyFrame(before, event(4, "step.started", { step: { node: "a" } }))).toBe(before);
  });

  it("does not go back to an older snapshot after a reconnect", () => {
    const before = applyFrame(EMPTY_RUN, snapshot(9, step("a", "succeeded")));

    expect(applyFrame(before, snapshot(4, step("a", "running")))).toBe(before);
  });

  it("keeps a payload that a new snapshot leaves out", () => {
    const before = applyFrame(EMPTY_RUN, snapshot(4, step("a", "succeeded", { output: "kept" })));

    expect(applyFrame(before, snapshot(5, step("a", "succeeded"))).steps.get("a")?.output).toBe("kept");
  });

  it("reads the execution's status off the event when the row is only an id", () => {
    const before = applyFrame(EMPTY_RUN, snapshot(1));

    expect(applyFrame(before, event(2, "execution.failed", { execution: "0192" })).execution?.status).toBe("failed");
  });

  it("resumes as running", () => {
    const before = applyFrame(EMPTY_RUN, snapshot(1));

    expect(applyFrame(before, event(2, "execution.resumed")).execution?.status).toBe("running");
  });

  it("takes the newer row of an event", () => {
    const row = { status: "succeeded" as const, output: 7 };
    const after = applyFrame(applyFrame(EMPTY_RUN, snapshot(1)), event(2, "execution.succeeded", { execution: row }));

    expect(after.execution).toMatchObject(row);
  });

  it("is not led back from its end by a row fetched earlier", () => {
    const ended = applyFrame(applyFrame(EMPTY_RUN, snapshot(1)), event(2, "execution.succeeded"));

    expect(applyRows(ended, execution, []).execution?.status).toBe("succeeded");
  });

  it("takes the payload of an older row, not its status", () => {
    const ended = applyFrame(EMPTY_RUN, snapshot(4, step("a", "succeeded")));
    const after = applyRows(ended, null, [step("a", "running", { input: 1 })]);

    expect(after.steps.get("a")).toMatchObject({ status: "succeeded", input: 1 });
  });

  it("is left alone by a gap", () => {
    const before = applyFrame(EMPTY_RUN, snapshot(4));

    expect(applyFrame(before, { type: "gap" })).toBe(before);
  });
});

describe("iterations", () => {
  const items = [0, 1, 2].map((index) =>
    step("a", index === 1 ? "failed" : "succeeded", {
      id: String(index),
      iteration: [{ scope: "each", index }],
      finished_at: "2026-01-01T00:00:01Z",
    }),
  );

  it("are steps of their own", () => {
    expect(items.map(stepKey)).toEqual(["a@each.0", "a@each.1", "a@each.2"]);
  });

  it("show the most urgent state and the count on the node", () => {
    const run = runByNode(applyFrame(EMPTY_RUN, snapshot(1, ...items))).get("a");

    expect([run?.status, run?.done, run?.total]).toEqual(["failed", 3, 3]);
  });
});

describe("edges of a run", () => {
  it("tell the branch taken from the dead one", () => {
    const definition = {
      schema: "studio/1" as const,
      nodes: [],
      edges: [
        { from: "a", port: "true", to: "b" },
        { from: "a", port: "false", to: "c" },
        { from: "b", to: "d" },
      ],
    };
    const steps = [step("a", "succeeded"), step("b", "running"), step("c", "skipped")];
    const edges = runByEdge(definition, runByNode(applyFrame(EMPTY_RUN, snapshot(1, ...steps))));

    expect([...edges.values()]).toEqual(["active", "dead", "idle"]);
  });
});

describe("the list of steps", () => {
  it("is in the order in which they began", () => {
    const later = step("a", "running", { started_at: "2026-01-01T00:00:02Z" });
    const first = step("z", "succeeded", { started_at: "2026-01-01T00:00:01Z" });
    const state = applyFrame(EMPTY_RUN, snapshot(1, step("p", "pending"), later, first));

    expect(stepsInOrder(state).map(({ node }) => node)).toEqual(["z", "a", "p"]);
  });
});
