"""What a campaign found, in figures; anything but zero in the second half is a broken promise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.ledger import Ledger


@dataclass(frozen=True)
class Outcome:
    """How an execution ended and what it did outside; equal with faults and without."""

    status: str
    output: Any
    error: str | None
    effects: tuple[Any, ...]


@dataclass
class Report:
    seed: int
    recoveries: list[tuple[str, float]] = field(default_factory=list)
    bells: int = 0
    copies: int = 0
    cut: int = 0
    swallowed: int = 0
    misdeeds: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    keys: int = 0
    offered: int = 0
    accepted: int = 0
    finished: int = 0
    extra: int = 0
    lost: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    changed_ends: list[str] = field(default_factory=list)
    open_steps: list[str] = field(default_factory=list)
    keys_with_other_bytes: list[str] = field(default_factory=list)
    without_key: int = 0
    unexpected_deaths: list[str] = field(default_factory=list)
    story: str = ""

    def weigh(self, ledger: Ledger) -> None:
        self.calls, self.keys = ledger.calls.total(), len(ledger.bodies)
        self.misdeeds = ledger.misdeeds
        self.without_key = ledger.without_key
        self.keys_with_other_bytes = [key for key, bodies in ledger.bodies.items() if len(bodies) > 1]

    @property
    def is_clean(self) -> bool:
        return self.accepted == self.offered == self.finished and not any(
            (
                self.extra,
                self.lost,
                self.differing,
                self.changed_ends,
                self.open_steps,
                self.keys_with_other_bytes,
                self.without_key,
                self.unexpected_deaths,
            )
        )

    def recovery(self, share: float) -> float:
        """The quantile of the times from a fault's begin until new work was done and nothing was stranded."""
        times = sorted(seconds for _, seconds in self.recoveries)
        return times[min(int(share * len(times)), len(times) - 1)]

    def __str__(self) -> str:
        kinds = Counter(name for name, _ in self.recoveries)
        slowest = {
            name: max(seconds for one, seconds in self.recoveries if one == name) for name in sorted(kinds)
        }
        lines = [
            f"seed {self.seed}: {len(self.recoveries)} faults",
            *(f"  {kinds[name]:3} x {name} (slowest recovery {slowest[name]:.1f} s)" for name in slowest),
            f"  {self.cut} connections cut, {self.swallowed} answers lost on the wire,"
            f" {self.bells} bells rung again as {self.copies} copies",
            f"  the ledger {', '.join(f'{name}: {count}' for name, count in sorted(self.misdeeds.items()))}",
            f"recovery p50 {self.recovery(0.5):.2f} s, p99 {self.recovery(0.99):.2f} s",
            f"offered {self.offered}, accepted {self.accepted}, finished {self.finished}, lost {len(self.lost)},"
            f" doubled {self.extra}",
            f"{self.calls} calls under {self.keys} idempotency keys, {len(self.keys_with_other_bytes)} keys with"
            f" other bytes, {self.without_key} calls without key",
            f"{len(self.differing)} outcomes differ from the run without faults,"
            f" {len(self.changed_ends)} final states changed, {len(self.open_steps)} steps open in ended executions",
        ]
        lines += [f"  ended by itself: {death}" for death in self.unexpected_deaths]
        for found in (
            self.lost,
            self.differing,
            self.changed_ends,
            self.open_steps,
            self.keys_with_other_bytes,
        ):
            lines += [f"  {one}" for one in found[:5]]
        return "\n".join(lines)
