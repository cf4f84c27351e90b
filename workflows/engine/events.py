"""What the runtime tells the core: facts about steps and about the execution as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

StepKey = tuple[str, str]
"""A node's id and the iteration: "" or a path such as `each.3/loop.2`."""


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The step that was handed out runs now."""

    key: StepKey


@dataclass(frozen=True, slots=True)
class StepSucceeded:
    key: StepKey
    output: Any
    port: str = "success"


@dataclass(frozen=True, slots=True)
class StepFailed:
    """It failed and will not be tried again."""

    key: StepKey
    error: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StepRetrying:
    """An attempt failed; the next one is due at `due_at`. `counts` False: the attempt cost no try."""

    key: StepKey
    error: dict[str, Any]
    due_at: datetime
    counts: bool = True


@dataclass(frozen=True, slots=True)
class StepWaiting:
    """It awaits something (`wait["kind"]`: `timer`, `signal`, `child` …), at most until `due_at`."""

    key: StepKey
    wait: dict[str, Any]
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepParked:
    """It was handed out and not called: what it talks to is out of order. At `due_at` it is handed out again.

    That is no try. `wait["kind"]` is `breaker`.
    """

    key: StepKey
    wait: dict[str, Any]
    due_at: datetime


@dataclass(frozen=True, slots=True)
class StepItems:
    """The list that a for_each maps over is known; `limit` None: at most as many at once as the plan says."""

    key: StepKey
    items: list[Any]
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class StepCancelled:
    """A step that was to be stopped has stopped."""

    key: StepKey


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody wants the execution to end."""


@dataclass(frozen=True, slots=True)
class PauseRequested:
    """Nothing new is to start until `ContinueRequested`; what runs may finish."""


@dataclass(frozen=True, slots=True)
class ContinueRequested:
    """What was held back may start again."""


@dataclass(frozen=True, slots=True)
class ExecutionTimedOut:
    """The execution ran for longer than its timeout."""


Event = (
    StepStarted | StepSucceeded | StepFailed | StepRetrying | StepWaiting | StepParked | StepItems
    | StepCancelled | CancelRequested | PauseRequested | ContinueRequested | ExecutionTimedOut
)  # fmt: skip
