import { describe, expect, it } from "vitest";

import { missingAnswers, readAnswer } from "@/model/approvals";
import { canaryFrom, ignoreBody, progressOf, settlementsFor } from "@/model/errors";
import { expiryAfter, keyState, rolesUpTo } from "@/model/keys";
import { callsSpared, oldestTone, percent } from "@/model/operate";

const NOON = Date.parse("2026-01-01T12:00:00Z");

describe("an error group", () => {
  it("is reopened when it was settled, and settled otherwise", () => {
    expect(settlementsFor({ state: "ignored" })).toEqual(["reopen"]);
    expect(settlementsFor({ state: "regressed" })).toEqual(["resolve", "ignore"]);
  });

  it("is ignored for a time, for a count, or for good", () => {
    expect(ignoreBody("s3600", NOON)).toEqual({ until: "2026-01-01T13:00:00.000Z" });
    expect(ignoreBody("c10", NOON)).toEqual({ count: 10 });
    expect(ignoreBody("", NOON)).toEqual({});
  });
});

describe("a job", () => {
  it("begins in stages, or all at once", () => {
    expect(canaryFrom("1,10")).toEqual([1, 10]);
    expect(canaryFrom("")).toEqual([]);
  });

  it("counts whatever has ended", () => {
    expect(progressOf({ total: 8, done: 4, failed: 1, skipped: 1 })).toBe(75);
    expect(progressOf({ total: 0, done: 0, failed: 0, skipped: 0 })).toBe(100);
  });
});

describe("an approval's form", () => {
  const amount = { name: "amount", title: "", type: "integer", required: true, choices: null } as const;

  it("takes numbers as numbers, and nothing as no answer", () => {
    expect(readAnswer(amount, "12")).toBe(12);
    expect(readAnswer(amount, "")).toBeUndefined();
  });

  it("says what is missing", () => {
    expect(missingAnswers([amount], {})).toEqual(["amount"]);
    expect(missingAnswers([amount], { amount: 0 })).toEqual([]);
  });
});

describe("an API key", () => {
  it("has a role no greater than its maker's", () => {
    expect(rolesUpTo("editor")).toEqual(["viewer", "operator", "editor"]);
  });

  it("is revoked, expired or active", () => {
    expect(keyState({ revoked_at: null, expires_at: null }, NOON)).toBe("active");
    expect(keyState({ revoked_at: null, expires_at: "2026-01-01T11:00:00Z" }, NOON)).toBe("expired");
    expect(keyState({ revoked_at: "2026-01-01T11:00:00Z", expires_at: null }, NOON)).toBe("revoked");
  });

  it("expires in days, or never", () => {
    expect(expiryAfter(1, NOON)).toBe("2026-01-02T12:00:00.000Z");
    expect(expiryAfter(0, NOON)).toBeNull();
  });
});

it("adds up the calls that were not made", () => {
  expect(callsSpared({ hits: 3, stale: 1, shared: 2, revalidated: 1 })).toBe(7);
});

it("shows a rate only where something was asked", () => {
  expect([percent(0.6667), percent(null)]).toEqual(["67 %", "–"]);
});

it("worries about what has waited long", () => {
  expect([oldestTone(1), oldestTone(20), oldestTone(90)]).toEqual(["neutral", "warning", "danger"]);
});
