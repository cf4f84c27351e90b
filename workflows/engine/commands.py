"""What the core asks of the runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.engine.events import StepKey


@dataclass(frozen=True, slots=True)
class RunStep:
    """Run this attempt of the step. `resumed`: it may have run before, its worker was lost."""

    key: StepKey
    attempt: int
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class WakeStep:
    """The time of a waiting step has come."""

    key: StepKey


@dataclass(frozen=True, slots=True)
class StopStep:
    """Stop the running step and answer how it ended."""

    key: StepKey


@dataclass(frozen=True, slots=True)
class Finish:
    """The execution is over: `succeeded`, `failed` or `cancelled`."""

    status: str
    output: Any
    error: dict[str, Any] | None


Command = RunStep | WakeStep | StopStep | Finish
