import type { BreakerPhase, CacheScope, CacheSums } from "@/api/operations";
import type { Tone } from "@/model/status";

/** How worrying it is that something has waited so long for a worker. */
export function oldestTone(seconds: number): Tone {
  if (seconds >= 60) return "danger";
  return seconds >= 5 ? "warning" : "neutral";
}

const PHASES: Record<BreakerPhase, Tone> = { closed: "success", open: "danger", half_open: "warning" };

export function toneOfPhase(phase: BreakerPhase): Tone {
  return PHASES[phase] ?? "neutral";
}

/** `0.6667` as `67 %`; nothing asked, nothing to tell. */
export function percent(rate: number | null): string {
  return rate === null ? "–" : `${Math.round(rate * 100)} %`;
}

/** Calls that were answered without being made. */
export function callsSpared(sums: Pick<CacheSums, "hits" | "stale" | "shared" | "revalidated">): number {
  return sums.hits + sums.stale + sums.shared + sums.revalidated;
}

/** What a clearing is about, for people. */
export function scopeText(scope: CacheScope): string | null {
  return scope.all ? null : (scope.kind ?? scope.key ?? scope.tag ?? scope.workflow ?? "");
}
