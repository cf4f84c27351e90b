"""Plays the runtime: hands events back for commands, in an order and with results that the test chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from studio.kernel.errors import Category
from workflows.engine.apply import apply
from workflows.engine.commands import Command, Finish, RunStep, StopStep, WakeStep
from workflows.engine.decide import decide, next_due
from workflows.engine.errors import error_body
from workflows.engine.events import (
    Event,
    StepCancelled,
    StepFailed,
    StepItems,
    StepKey,
    StepRetrying,
    StepStarted,
    StepSucceeded,
    StepWaiting,
)
from workflows.engine.plan import Plan
from workflows.engine.state import begin, restore
from workflows.engine.steps import State, Step

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Choose = Callable[[Sequence[Command]], int]
"""Which of the commands in hand is carried out next."""


@dataclass(frozen=True)
class To:
    """Succeed along a port."""

    port: str
    output: Any = None


@dataclass(frozen=True)
class Fails:
    """Fail for good."""

    code: str = "broken"
    category: Category = Category.UPSTREAM


@dataclass(frozen=True)
class Retries:
    """Fail `times` times, to be tried again after a second each, then do what `then` says."""

    times: int
    then: Any = "done"
    counts: bool = True


@dataclass(frozen=True)
class Waits:
    """Wait until woken, then do what `then` says."""

    seconds: float | None
    then: Any = "woken"
    kind: str = "timer"


@dataclass(frozen=True)
class Hangs:
    """Run until it is stopped."""


Results = Mapping[str, Any] | Callable[[State, Step], Any]


@dataclass
class Run:
    """One execution under way. `results` go by node id or by `id iteration`; others answer their id."""

    plan: Plan
    results: Results = field(default_factory=dict)
    trigger: Any = None
    trigger_node: str | None = None
    state: State = field(init=False)
    now: datetime = NOW
    in_hand: list[Command] = field(default_factory=list)
    log: list[Command] = field(default_factory=list)
    changes: list[Step] = field(default_factory=list)
    end: Finish | None = None
    batch: int = 1
    told: int = 0

    def __post_init__(self) -> None:
        self.state = begin(self.plan, **self._given())
        self.look()

    @classmethod
    def restored(cls, rows: Iterable[Step], run: Run) -> Run:
        """What another owner makes of the rows that this run left."""
        heir = cls.__new__(cls)
        heir.plan, heir.results, heir.trigger = run.plan, run.results, run.trigger
        heir.trigger_node, heir.now = run.trigger_node, run.now
        heir.in_hand, heir.log, heir.changes, heir.end, heir.batch, heir.told = [], [], [], None, 1, 0
        heir.state = restore(run.plan, [row.copy() for row in rows], **heir._given())
        heir.look()
        return heir

    def _given(self) -> dict[str, Any]:
        node = self.plan.default_trigger() if self.trigger_node is None else self.trigger_node
        return {
            "trigger_node": node,
            "trigger": self.trigger,
            "variables": {"v": 1},
            "execution": {"id": "e1"},
        }

    def look(self) -> list[Command]:
        """Take the commands there are."""
        commands = decide(self.state, self.now)
        self.log += commands
        for command in commands:
            if isinstance(command, Finish):
                assert self.end is None, "finished twice"
                self.end = command
            else:
                self.in_hand.append(command)
        return commands

    def tell(self, event: Event) -> list[Command]:
        apply(self.state, event)
        self.told += 1
        if self.told % self.batch == 0:
            self.save()
        return self.look()

    def save(self) -> None:
        self.changes += [step.copy() for step in self.state.take_changes()]

    def play(self, choose: Choose = lambda _: 0, most: int = 1_000_000) -> Run:
        """Carry out commands until nothing is left to do, moving the clock on when all waits."""
        for _ in range(most):
            if self.in_hand:
                self.carry_out(self.in_hand.pop(choose(self.in_hand)))
            elif (due := next_due(self.state)) is not None:
                self.now = max(self.now, due)
                self.look()
            else:
                break
        self.save()
        return self

    def carry_out(self, command: Command) -> None:
        if isinstance(command, StopStep):
            self.in_hand = [held for held in self.in_hand if getattr(held, "key", None) != command.key]
            self.tell(StepCancelled(command.key))
        elif isinstance(command, RunStep):
            self.tell(StepStarted(command.key))
            self._answer(command.key, self.result(command.key), command.attempt)
        elif isinstance(command, WakeStep):
            result = self.result(command.key)
            self._answer(command.key, result.then if isinstance(result, Waits) else result, 1)

    def result(self, key: StepKey) -> Any:
        step = self.state.steps[key]
        if callable(self.results):
            return self.results(self.state, step)
        return self.results.get(f"{key[0]} {key[1]}", self.results.get(key[0], key[0]))

    def _answer(self, key: StepKey, result: Any, attempt: int) -> None:
        step = self.state.steps[key]
        if step.is_final:
            return
        if step.spec.for_each is not None and step.fan is None and isinstance(result, list):
            self.tell(StepItems(key, result))
        elif isinstance(result, To):
            self.tell(StepSucceeded(key, result.output, result.port))
        elif isinstance(result, Fails):
            self.tell(StepFailed(key, failure(result)))
        elif isinstance(result, Retries):
            self._retry(key, result, attempt)
        elif isinstance(result, Waits):
            due = None if result.seconds is None else self.now + timedelta(seconds=result.seconds)
            self.tell(StepWaiting(key, {"kind": result.kind}, due))
        elif not isinstance(result, Hangs):
            self.tell(StepSucceeded(key, result, step.spec.main_port))

    def _retry(self, key: StepKey, result: Retries, attempt: int) -> None:
        if attempt > result.times:
            self._answer(key, result.then, attempt)
        else:
            due = self.now + timedelta(seconds=1)
            self.tell(StepRetrying(key, failure(Fails()), due, result.counts))

    @property
    def ran(self) -> list[str]:
        """Steps handed out, as `id` or `id iteration`."""
        return [" ".join(filter(None, one.key)) for one in self.log if isinstance(one, RunStep)]

    def statuses(self) -> dict[str, str]:
        return {" ".join(filter(None, key)): step.status for key, step in self.state.steps.items()}

    def step(self, node: str, iteration: str = "") -> Step:
        return self.state.steps[(node, iteration)]


def failure(result: Fails) -> dict[str, Any]:
    return error_body(code=result.code, category=result.category, message="It broke.")


def run(plan: Plan, results: Results | None = None, **given: Any) -> Run:
    """From begin to end."""
    return Run(plan, results or {}, **given).play()
