import { describe, expect, it } from "vitest";

import type { Step } from "@/api/types";
import { awaitedBreaker, cacheState, isFromCache, retryState } from "@/model/attempts";

const waiting: Step = {
  id: "s",
  node: "fetch",
  kind: "http.request",
  iteration: [],
  status: "waiting",
  attempt: 2,
  error: { category: "rate_limited", message: "Slow down." },
  due_at: "2026-01-01T12:03:10Z",
};

describe("a step between two tries", () => {
  it("says which try failed, of how many, and when the next one is", () => {
    expect(retryState(waiting, { retry: { max_attempts: 5 } })).toEqual({
      attempt: 2,
      most: 5,
      category: "rate_limited",
      dueAt: "2026-01-01T12:03:10Z",
    });
  });

  it("counts by the first rule for the error's category", () => {
    const rules = [{ category: ["timeout"], max_attempts: 9 }, { category: ["rate_limited"], max_attempts: 7 }];

    expect(retryState(waiting, { retry: { max_attempts: 5, rules } })?.most).toBe(7);
  });

  it("does not guess a number that nobody set", () => {
    expect(retryState(waiting, undefined)?.most).toBeNull();
  });

  it("is no other wait, and no end", () => {
    expect(retryState({ ...waiting, error: null }, undefined)).toBeNull();
    expect(retryState({ ...waiting, status: "failed" }, undefined)).toBeNull();
  });
});

describe("what the cache did", () => {
  it("is read off the step", () => {
    expect(cacheState({ status: "hit", reason: null, saved_seconds: 1.5, execution: "e" })).toEqual({
      status: "hit",
      reason: null,
      savedSeconds: 1.5,
      execution: "e",
    });
    expect(cacheState(null)).toBeNull();
  });

  it("spared the call or did not", () => {
    expect(isFromCache({ status: "shared" })).toBe(true);
    expect(isFromCache({ status: "bypass", reason: "write" })).toBe(false);
  });
});

it("finds the breaker that an execution waits for", () => {
  expect(awaitedBreaker({ code: "awaits_breaker", node: "a", breaker: "http.request:x" })).toEqual({ node: "a", key: "http.request:x" });
  expect(awaitedBreaker({ code: "awaits_timer", node: "a" })).toBeNull();
});
