import { describe, expect, it } from "vitest";

import type { Step } from "@/api/types";
import { barOf, rangeOf } from "@/model/timeline";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();

function step(started: number | null, finished: number | null): Step {
  return {
    id: "s",
    node: "n",
    kind: "data.set",
    iteration: [],
    status: "succeeded",
    attempt: 1,
    started_at: started === null ? null : at(started),
    finished_at: finished === null ? null : at(finished),
  };
}

describe("the timeline", () => {
  it("reaches from the first beginning to the last end", () => {
    expect(rangeOf([step(10, 12), step(11, 15)], null, 0)).toEqual({ from: 10_000, length: 5000 });
  });

  it("reaches to now while a step is open", () => {
    expect(rangeOf([step(10, null)], null, 14_000)).toEqual({ from: 10_000, length: 4000 });
  });

  it("places a bar by its share of the whole", () => {
    expect(barOf(step(11, 13), { from: 10_000, length: 4000 }, 0)).toEqual({ left: 25, width: 50 });
  });

  it("has no bar for a step that has not begun", () => {
    expect(barOf(step(null, null), { from: 10_000, length: 4000 }, 0)).toBeNull();
  });
});
