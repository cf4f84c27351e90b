import { describe, expect, it } from "vitest";

import { formatBytes, formatDuration, relativeTime, spanOf } from "@/model/time";

const now = Date.parse("2026-01-01T12:00:00Z");

describe("times", () => {
  it.each([
    ["2026-01-01T11:59:57Z", "now"],
    ["2026-01-01T11:59:20Z", "40s ago"],
    ["2026-01-01T11:55:00Z", "5m ago"],
    ["2026-01-01T09:00:00Z", "3h ago"],
    ["2025-12-31T11:00:00Z", "yesterday"],
  ])("%s reads %s", (at, words) => {
    expect(relativeTime(at, now)).toBe(words);
  });

  it.each([
    [0.2, "< 1 ms"],
    [8.4, "8 ms"],
    [1240, "1.24 s"],
    [12_340, "12.3 s"],
    [200_000, "3 m 20 s"],
    [7_380_000, "2 h 3 m"],
  ])("%d ms reads %s", (span, words) => {
    expect(formatDuration(span)).toBe(words);
  });

  it("an open span lasts until now", () => {
    expect(spanOf("2026-01-01T11:59:59Z", null, now)).toBe(1000);
  });

  it("a span that has not begun is none", () => {
    expect(spanOf(null, null, now)).toBeNull();
  });

  it("sizes have units", () => {
    expect([formatBytes(12), formatBytes(2048), formatBytes(3 * 1024 * 1024)]).toEqual(["12 B", "2.0 KB", "3.0 MB"]);
  });
});
