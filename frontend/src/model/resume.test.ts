import { describe, expect, it } from "vitest";

import { actionsFor, plannedKey, resumeBody, type ResumeChoice, versionFrom } from "@/model/resume";

const plain: ResumeChoice = { node: "", iteration: "", version: "same", input: undefined, outputs: {}, sendAgain: false };

describe("what is asked for when resuming", () => {
  it("leaves out what was not changed", () => {
    expect(resumeBody(plain)).toEqual({ version: "same" });
  });

  it("names the node, its visit, and the edited data", () => {
    const choice = { ...plain, node: "double", iteration: "each.3", input: null, outputs: { start: { a: 1 } }, sendAgain: true };

    expect(resumeBody(choice)).toEqual({
      version: "same",
      from_node: "double",
      iteration: "each.3",
      input: null,
      outputs: { start: { a: 1 } },
      send_again: true,
    });
  });

  it("drops a visit without a node", () => {
    expect(resumeBody({ ...plain, iteration: "each.3" })).toEqual({ version: "same" });
  });
});

it("reads a version's number as a number", () => {
  expect([versionFrom("3"), versionFrom("draft")]).toEqual([3, "draft"]);
});

it("tells the visits of a node apart", () => {
  expect(plannedKey({ node: "a", iteration: [] })).toBe("a");
  expect(plannedKey({ node: "a", iteration: [{ scope: "each", index: 3 }] })).toBe("a:each.3");
});

describe("what may be done with an execution", () => {
  const may = ["execution.resume", "execution.cancel"];

  it.each([
    ["running", ["pause", "cancel"]],
    ["paused", ["continue", "cancel"]],
    ["failed", ["resume", "retry"]],
    ["succeeded", ["resume"]],
    ["rolling_back", []],
  ] as const)("depends on its state: %s", (status, actions) => {
    expect(actionsFor(status, may)).toEqual(actions);
  });

  it("depends on the role", () => {
    expect(actionsFor("failed", ["execution.read"])).toEqual([]);
    expect(actionsFor("running", ["execution.resume"])).toEqual([]);
  });
});
