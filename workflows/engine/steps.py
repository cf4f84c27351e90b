"""The records of a running execution: its steps, and the bookkeeping that makes each event cheap.

`Step` is what the runtime stores; frames, loop runs and fans are derived and rebuilt from steps after a crash.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.engine.events import StepKey
from workflows.engine.plan import Plan, PlanNode, PlanScope

FINAL = frozenset({"succeeded", "failed", "skipped", "cancelled", "undone"})

DEAD_PATH = "dead_path"
DISABLED = "disabled"
RETRY = "retry"
BREAKER = "breaker"


class Step:
    """One visit of one node.

    `port` is the port its output went along, None for what went nowhere. `reason` says why it was skipped or
    cancelled, or that it failed after all was over. `inputs` (predecessor id to iteration) names what had
    delivered when it started, kept only where that does not follow from the graph. `params` is the runtime's:
    what a write sent, to be sent again the same.
    """

    __slots__ = (
        "alarm", "attempt", "due_at", "error", "fan", "frame", "handled", "index", "inputs", "items", "iteration",
        "key", "node", "output", "params", "port", "rank", "reason", "settled", "spec", "status", "wait",
    )  # fmt: skip

    def __init__(
        self,
        node: str,
        iteration: str = "",
        *,
        status: str = "pending",
        attempt: int = 0,
        handled: bool = False,
        reason: str | None = None,
        output: Any = None,
        port: str | None = None,
        error: dict[str, Any] | None = None,
        due_at: datetime | None = None,
        wait: dict[str, Any] | None = None,
        items: list[Any] | None = None,
        params: Any = None,
        inputs: dict[str, str] | None = None,
    ) -> None:
        self.node = node
        self.iteration = iteration
        self.key: StepKey = (node, iteration)
        self.status = status
        self.attempt = attempt
        self.handled = handled
        self.reason = reason
        self.output = output
        self.port = port
        self.error = error
        self.due_at = due_at
        self.wait = wait
        self.items = items
        self.params = params
        self.inputs = inputs
        self.spec: PlanNode
        self.frame: Frame
        self.fan: Fan | None = None
        self.index = 0
        self.settled = False
        self.alarm = 0
        self.rank = 0

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_between_tries(self) -> bool:
        """It is to be handed out again, rather than told that its wait is over."""
        return self.wait is not None and self.wait.get("kind") in (RETRY, BREAKER)

    @property
    def free_tries(self) -> int:
        """Tries that cost none, such as those the other side asked to wait for."""
        return int(self.wait.get("free_tries", 0)) if self.wait else 0

    @property
    def counted(self) -> int:
        """Tries that count against `max_attempts`."""
        return self.attempt - self.free_tries

    def copy(self) -> Step:
        """The record alone, without its place in an execution."""
        return Step(
            self.node,
            self.iteration,
            status=self.status,
            attempt=self.attempt,
            handled=self.handled,
            reason=self.reason,
            output=self.output,
            port=self.port,
            error=self.error,
            due_at=self.due_at,
            wait=self.wait,
            items=self.items,
            params=self.params,
            inputs=self.inputs,
        )

    def __repr__(self) -> str:
        return f"<Step {self.node} {self.iteration or '-'} {self.status}>"


class Frame:
    """What shares one iteration path: the execution itself, one item of a body, one visit of a loop.

    `left` counts nodes and loops in it that are not through; `active` counts open steps at any depth below.
    `closed` holds the reason once nothing new may start in it. `region` is the path of the body it lies in.
    An item has its `fan` and `index`; a visit has its `run`; `visits` numbers those within the body.
    """

    __slots__ = (
        "active", "arrivals", "closed", "continued", "error", "fan", "fans", "index", "left", "parent", "path",
        "region", "run", "runs", "scope", "visits",
    )  # fmt: skip

    def __init__(self, scope: PlanScope, path: str, parent: Frame | None) -> None:
        self.scope = scope
        self.path = path
        self.parent = parent
        self.region = path
        self.left = len(scope.nodes) + len(scope.loops)
        self.active = 0
        self.closed: str | None = None
        self.error: dict[str, Any] | None = None
        self.arrivals: dict[str, Arrivals] = {}
        self.runs: dict[str, LoopRun] = {}
        self.fans: dict[str, Fan] = {}
        self.fan: Fan | None = None
        self.index = 0
        self.run: LoopRun | None = None
        self.visits: tuple[int, ...] = ()
        self.continued = False


class Arrivals:
    """What has come in at a join so far. `inputs` stays empty where it follows from the graph."""

    __slots__ = ("dead", "done", "inputs", "live")

    def __init__(self) -> None:
        self.live = 0
        self.dead = 0
        self.done = False
        self.inputs: dict[str, str] = {}


class LoopRun:
    """One run of a loop: its visits one after the other; `current` is None once it is over.

    `live_exits` are the edges out of it that were ever live, each with the iteration that was so last.
    """

    __slots__ = ("current", "frame", "inputs", "live_exits", "scope", "visits")

    def __init__(self, scope: PlanScope, frame: Frame, inputs: dict[str, str] | None) -> None:
        self.scope = scope
        self.frame = frame
        self.inputs = inputs
        self.visits = 0
        self.current: Frame | None = None
        self.live_exits: dict[int, str] = {}


class Fan:
    """A for_each under way. `open` holds what runs of each open item: the body's frame, or the node's own step.

    `mode` says what a failed item does: `stop`, `null` or `collect`.
    """

    __slots__ = (
        "error",
        "frame",
        "halted",
        "items",
        "limit",
        "mode",
        "next",
        "node",
        "open",
        "results",
        "step",
    )

    def __init__(self, step: Step, items: list[Any], limit: int, mode: str) -> None:
        self.step = step
        self.node = step.spec
        self.frame = step.frame
        self.items = items
        self.limit = limit
        self.mode = mode
        self.results: list[Any] = [None] * len(items)
        self.next = 0
        self.open: dict[int, Frame | Step] = {}
        self.halted = False
        self.error: dict[str, Any] | None = None


@dataclass
class Replay:
    """Rows of an earlier owner, each taken over when the graph reaches its step.

    Failures gather until nothing else follows: one stops what comes after it, and what had started before it must
    still be found. They are a heap of (depth of the body, deepest first; rank; the body, or the step that was an item
    by itself; what went wrong).
    """

    rows: dict[StepKey, Step]
    last_rank: int = 0
    failures: list[tuple[int, int, Frame | Step, dict[str, Any]]] = field(default_factory=list)


@dataclass(eq=False)
class State:
    """One execution in memory. Read `steps`; change it only through `apply`.

    `ready` steps wait to be handed out, `running` ones are with the runtime, `waiting` ones await a time or word
    from outside; while `paused`, none is handed out or woken. `settling` and `emptied` hold what an event has yet
    to lead to; between events they are empty.
    """

    plan: Plan
    trigger_node: str | None
    trigger: Any
    variables: Mapping[str, Any]
    execution: Mapping[str, Any]
    root: Frame
    steps: dict[StepKey, Step] = field(default_factory=dict)
    outcome: str | None = None
    error: dict[str, Any] | None = None
    finished: bool = False
    paused: bool = False
    ready: dict[StepKey, Step] = field(default_factory=dict)
    running: dict[StepKey, Step] = field(default_factory=dict)
    waiting: dict[StepKey, Step] = field(default_factory=dict)
    due: list[tuple[datetime, int, Step]] = field(default_factory=list)
    alarms: int = 0
    stops: list[StepKey] = field(default_factory=list)
    settling: deque[Step] = field(default_factory=deque)
    emptied: deque[Frame] = field(default_factory=deque)
    latest: dict[StepKey, tuple[tuple[int, ...], Step]] = field(default_factory=dict)
    response: Step | None = None
    changes: dict[StepKey, Step] = field(default_factory=dict)
    replay: Replay | None = None

    @property
    def is_over(self) -> bool:
        """Every step is final."""
        root = self.root
        return root.left == 0 or (root.closed is not None and root.active == 0)

    def take_changes(self) -> list[Step]:
        """Steps whose record changed since the last call, each once, in the order of their latest change.

        That order is safe to cut anywhere: a prefix of it can be restored. A for_each keeps its place, because
        its items follow from it.
        """
        changed = list(self.changes.values())
        self.changes.clear()
        return changed

    def set_alarm(self, step: Step) -> None:
        """Wake the step at its `due_at`; an earlier alarm of it no longer counts."""
        if step.due_at is not None:
            self.alarms += 1
            step.alarm = self.alarms
            heapq.heappush(self.due, (step.due_at, self.alarms, step))

    def changed(self, step: Step) -> None:
        changes = self.changes
        if step.key in changes:
            if step.items is not None:
                return
            del changes[step.key]
        changes[step.key] = step
