"""A circuit breaker as arithmetic: what happened goes in, the next state comes out; `now` is always given.

Closed lets every call pass and counts how calls end. Too many failures open it: nothing passes until `until`,
longer with every opening in a row. Then it is half open: one probe passes, and while probes succeed a few more
do; when as many as planned succeeded it closes. Each change of phase begins a new `generation`, and what is told
of an earlier one counts for nothing, so a call that was sent before the breaker opened can neither close it nor
open it again.

Whoever keeps the state must write it only over the revision it was made from; then no number of workers can
take more probes than the plan grants.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

BUCKETS = 10
"""Into how many parts the sliding window is cut."""


class Phase(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Verdict(StrEnum):
    """What a state says about a call: it passes, it does not, or a probe may be asked for."""

    PASS = "pass"  # noqa: S105 - not a password
    REFUSE = "refuse"
    ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPlan:
    """When it opens, for how long, and how it finds out that the other side is back. Spans are seconds."""

    failures: int = 10
    rate: float = 0.5
    samples: int = 20
    window: float = 30.0
    open_seconds: float = 10.0
    cap_seconds: float = 300.0
    probes: int = 2
    probe_seconds: float = 60.0
    wave_seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """One breaker's state. Times are seconds since 1970; `until` None: no end is set.

    `until` is when an open one may be probed, when probes that nobody reported are given up, and when an
    operator's word lapses. `since` is the last change of phase. `window` holds (bucket, good, failed).
    """

    phase: Phase = Phase.CLOSED
    generation: int = 0
    since: float = 0.0
    until: float | None = None
    forced: bool = False
    failures: int = 0
    window: tuple[tuple[int, int, int], ...] = ()
    trips: int = 0
    granted: int = 0
    passed: int = 0
    parked: int = 0
    refused: int = 0

    def as_document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Breaker:
        window = tuple((int(b), int(good), int(failed)) for b, good, failed in document["window"])
        return cls(**{**document, "phase": Phase(document["phase"]), "window": window})

    def counts(self, plan: BreakerPlan, now: float) -> tuple[int, int]:
        """How many calls ended well and how many failed within the window."""
        first = _bucket(plan, now) - BUCKETS + 1
        kept = [(good, failed) for bucket, good, failed in self.window if bucket >= first]
        return sum(good for good, _ in kept), sum(failed for _, failed in kept)

    def is_suspect(self, plan: BreakerPlan, now: float) -> bool:
        """Whether good calls matter to it: it is not closed, or something failed lately."""
        return self.phase is not Phase.CLOSED or self.counts(plan, now)[1] > 0


Run = tuple[bool | None, int]
"""So many calls in a row that ended alike: well, failed, or (None) without telling anything."""


def verdict(breaker: Breaker, plan: BreakerPlan, now: float) -> Verdict:
    """What a copy of the state, however old, says about a call."""
    if breaker.phase is Phase.CLOSED:
        return Verdict.PASS
    if _is_over(breaker, now) or _probes_left(breaker, plan) > 0:
        return Verdict.ASK
    return Verdict.REFUSE


def record(
    breaker: Breaker, plan: BreakerPlan, *, generation: int, runs: Iterable[Run], now: float
) -> Breaker:
    """Take in how calls of a generation ended, in their order."""
    for outcome, count in runs:
        if generation != breaker.generation:
            break
        if breaker.phase is Phase.CLOSED:
            breaker = _counted(breaker, plan, outcome, count, now)
        elif breaker.phase is Phase.HALF_OPEN:
            breaker = _judged(breaker, plan, outcome, count, now)
    return breaker


def grant(breaker: Breaker, plan: BreakerPlan, wanted: int, now: float) -> tuple[Breaker, int]:
    """Let up to `wanted` calls pass; answers how many do."""
    if breaker.phase is Phase.CLOSED:
        return breaker, wanted
    if _is_over(breaker, now):
        breaker = _turned(breaker, Phase.HALF_OPEN, now, until=now + plan.probe_seconds, forced=False)
    if breaker.phase is Phase.OPEN:
        return breaker, 0
    granted = min(wanted, _probes_left(breaker, plan))
    return replace(breaker, granted=breaker.granted + granted), granted


def refuse(breaker: Breaker, *, parked: int, handled: int = 0) -> Breaker:
    """Count calls that did not pass: those that wait, and those whose steps took another way.

    The first of the parked has the position that `parked` was before.
    """
    return replace(breaker, parked=breaker.parked + parked, refused=breaker.refused + parked + handled)


def retry_at(breaker: Breaker, plan: BreakerPlan, *, position: int, now: float, random: float) -> float:
    """When a parked call is to look again.

    One comes at the next probe's time; behind it each wave is twice as large as the one before it, so that a
    service that is back is not buried by what waited for it.
    """
    wave = int(math.log2(position + 1))
    if breaker.phase is Phase.OPEN:
        start = now + plan.cap_seconds if breaker.until is None else max(breaker.until, now)
    else:
        start = now + plan.wave_seconds
    return start + (wave + random if wave else 0.0) * plan.wave_seconds


def force_open(breaker: Breaker, *, now: float, until: float | None) -> Breaker:
    """Let nothing pass until then, whatever is heard of the other side."""
    return replace(_turned(breaker, Phase.OPEN, now, until=until, forced=True), parked=0)


def force_closed(breaker: Breaker, *, now: float, until: float | None) -> Breaker:
    """Let everything pass until then, whatever fails."""
    return replace(_turned(breaker, Phase.CLOSED, now, until=until, forced=True), trips=0)


def reset(breaker: Breaker, *, now: float) -> Breaker:
    """Forget what happened and what was forced."""
    return replace(_turned(breaker, Phase.CLOSED, now, until=None, forced=False), trips=0)


def _counted(breaker: Breaker, plan: BreakerPlan, outcome: bool | None, count: int, now: float) -> Breaker:
    if outcome is None or count == 0:
        return breaker
    if breaker.forced:
        if not _is_over(breaker, now):
            return breaker
        breaker = replace(breaker, forced=False, until=None)
    window = _added(breaker.window, _bucket(plan, now), outcome, count)
    if outcome:
        return replace(breaker, window=window, failures=0)
    breaker = replace(breaker, window=window, failures=breaker.failures + count)
    good, failed = breaker.counts(plan, now)
    too_often = good + failed >= plan.samples and failed / (good + failed) >= plan.rate
    return _opened(breaker, plan, now) if breaker.failures >= plan.failures or too_often else breaker


def _judged(breaker: Breaker, plan: BreakerPlan, outcome: bool | None, count: int, now: float) -> Breaker:
    if outcome is None:
        return replace(breaker, granted=max(breaker.granted - count, breaker.passed))
    if not outcome:
        return _opened(breaker, plan, now)
    passed = breaker.passed + count
    if passed < plan.probes:
        return replace(breaker, passed=passed)
    return _turned(breaker, Phase.CLOSED, now, until=None, forced=False)


def _opened(breaker: Breaker, plan: BreakerPlan, now: float) -> Breaker:
    """A relapse soon after it closed goes on where the last opening left off."""
    again = breaker.phase is Phase.HALF_OPEN or (breaker.trips and now - breaker.since < plan.window)
    trips = breaker.trips + 1 if again else 1
    seconds = min(plan.cap_seconds, plan.open_seconds * 2.0 ** min(trips - 1, 60))
    opened = _turned(breaker, Phase.OPEN, now, until=now + seconds, forced=False)
    return replace(opened, trips=trips, parked=0)


def _turned(breaker: Breaker, phase: Phase, now: float, *, until: float | None, forced: bool) -> Breaker:
    return replace(
        breaker,
        phase=phase,
        generation=breaker.generation + 1,
        since=now,
        until=until,
        forced=forced,
        failures=0,
        window=(),
        granted=0,
        passed=0,
    )


def _probes_left(breaker: Breaker, plan: BreakerPlan) -> int:
    """A single canary first: an outage that goes on costs one call for each time it is looked at."""
    if breaker.phase is not Phase.HALF_OPEN:
        return 0
    return max(min(plan.probes, 2 * breaker.passed + 1) - breaker.granted, 0)


def _is_over(breaker: Breaker, now: float) -> bool:
    return breaker.until is not None and now >= breaker.until


def _bucket(plan: BreakerPlan, now: float) -> int:
    return int(now * BUCKETS / plan.window)


def _added(
    window: tuple[tuple[int, int, int], ...], bucket: int, outcome: bool, count: int
) -> tuple[tuple[int, int, int], ...]:
    kept = tuple(part for part in window if bucket - BUCKETS < part[0] < bucket)
    good, failed = next(((g, f) for b, g, f in window if b == bucket), (0, 0))
    return (*kept, (bucket, good + count, failed) if outcome else (bucket, good, failed + count))
