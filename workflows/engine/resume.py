"""Resuming an execution: which of its steps stand, which are run again, and why.

What is run again is the node that was named and everything after it, what comes after an edited output, what
had not come to a good end, and what another version changed. All else is kept. The kept records are such that
`state.restore` goes on from them as if all before had just happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workflows.engine.events import StepKey
from workflows.engine.kinds import Effect
from workflows.engine.lineage import Place, Reach, WrongIteration, place_of
from workflows.engine.plan import Plan, PlanNode
from workflows.engine.state import restore
from workflows.engine.steps import DISABLED, State, Step


class Action(StrEnum):
    KEPT = "kept"
    EDITED = "edited"
    REOPENED = "reopened"
    """A for_each whose finished items stand, and whose others are run."""
    RERUN = "rerun"


class Reason(StrEnum):
    """Why a step is run again."""

    NAMED = "named"
    DOWNSTREAM = "downstream"
    UNFINISHED = "unfinished"
    CHANGED = "changed"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one step. `after` is the node it comes after; `repeats`: it acted outside, and will again."""

    node: str
    iteration: str
    action: Action
    reason: Reason | None = None
    after: str | None = None
    repeats: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """Where to go on: `kept` in the order `restore` takes, and a verdict for every step there was or is to be."""

    kept: list[Step]
    verdicts: list[Verdict]

    def with_action(self, *actions: Action) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.action in actions]

    @property
    def repeats(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.repeats]


@dataclass(frozen=True, slots=True)
class _Point:
    """A place from which things are run again. `itself`: the step there too."""

    place: Place
    reason: Reason
    itself: bool = True


@dataclass(slots=True)
class _Row:
    """A step as it was, and where it is in the plan that goes on; None where it cannot be."""

    step: Step
    place: Place | None
    verdict: Verdict = field(init=False)


def plan_resumption(
    plan: Plan,
    steps: Iterable[Step],
    *,
    before: Plan,
    start: Place | None = None,
    outputs: Mapping[StepKey, Any] | None = None,
    trigger_node: str | None = None,
    effect_of: Callable[[PlanNode], Effect] = lambda _: Effect.NONE,
) -> Resumption:
    """Plan to go on with `plan` where `steps` of an execution of `before` left off.

    `start` None: from what had not come to a good end. `outputs` replace those of single steps, which are not
    run. The outputs of `steps` may be left out.
    """
    planner = _Planner(plan, [step.copy() for step in steps], before, dict(outputs or {}))
    planner.look_for_points(start)
    return planner.resumption(trigger_node, effect_of)


class _Planner:
    def __init__(self, plan: Plan, steps: list[Step], before: Plan, outputs: dict[StepKey, Any]) -> None:
        self.plan = plan
        self.before = before
        self.reach = Reach(plan)
        self.outputs = outputs
        self.rows = {step.key: _Row(step, self._place(step)) for step in steps}
        self.points: list[_Point] = []

    def _place(self, step: Step) -> Place | None:
        """None when the node is gone or another kind of thing, or lies in other loops and lists than before."""
        node = self.plan.nodes.get(step.node)
        if node is None or _is_changed(node, self.before.nodes.get(step.node)):
            return None
        try:
            place = place_of(node, step.iteration)
        except WrongIteration:
            return None
        return place if place.is_exact else None

    # -- From where -----------------------------------------------------------------------------------------

    def look_for_points(self, start: Place | None) -> None:
        if start is not None:
            self.points.append(_Point(start, Reason.NAMED))
        for node_id, iteration in self.outputs:
            place = place_of(self.plan.nodes[node_id], iteration)
            self.points.append(_Point(place, Reason.NAMED, itself=False))
        for node in self.plan.nodes.values():
            if _is_changed(node, self.before.nodes.get(node.id)):
                self.points.append(_Point(place_of(node, ""), Reason.CHANGED))
        placed = [(row, row.place) for row in self.rows.values() if row.place is not None]
        self.points += [
            _Point(place, Reason.CHANGED)
            for row, place in placed
            if self._is_undone_by_the_version(row.step, place.node)
        ]
        # A fallback that failed too leaves nothing to stand for the node: that is where to begin.
        self.points += [
            _Point(place_of(place.node.rescues, row.step.iteration), Reason.UNFINISHED)
            for row, place in placed
            if place.node.rescues is not None and self._is_unfinished(row)
        ]

    def _is_undone_by_the_version(self, step: Step, node: PlanNode) -> bool:
        """It went on although it failed or was disabled, and would not do so any more."""
        if step.status == "skipped":
            return step.reason == DISABLED and not node.settings.disabled
        return step.status == "failed" and step.handled and not self._handles(node, step)

    def _handles(self, node: PlanNode, step: Step) -> bool:
        if step.iteration.count("/") + bool(step.iteration) > len(node.shape):
            return node.for_each is not None and node.for_each.on_item_error != "stop"
        around = None if node.parent is None else self.plan.nodes[node.parent].for_each
        return node.settings.on_error != "stop" or (around is not None and around.on_item_error != "stop")

    # -- What stands ----------------------------------------------------------------------------------------

    def _is_unfinished(self, row: _Row) -> bool:
        """It did not come to a good end, and neither did the lists around it, which would have seen to it."""
        if row.place is None or _is_good(row.step):
            return False
        return not any(
            (owner := self.rows.get((node, _path(row.place.shape, indexes)))) is not None
            and _is_good(owner.step)
            and not self._is_named(owner)
            for node, indexes in row.place.owners
        )

    def _is_named(self, row: _Row) -> bool:
        return row.place is not None and any(
            self.reach.follows(point.place, row.place) or self._owns(row.place, point.place)
            for point in self.points
        )

    def _owns(self, owner: Place, place: Place) -> bool:
        """Whether the for_each step at `owner` maps over the list that `place` lies in."""
        return any(
            node == owner.node.id
            and len(indexes) == len(owner.indexes)
            and all(
                mine is None or mine == theirs for mine, theirs in zip(indexes, owner.indexes, strict=True)
            )
            for node, indexes in place.owners
        )

    def _judge(self, row: _Row) -> Verdict:
        step, place = row.step, row.place
        if step.key in self.outputs:
            return Verdict(*step.key, Action.EDITED)
        if place is None:
            return Verdict(*step.key, Action.RERUN, Reason.CHANGED)
        for point in self.points:
            if self.reach.follows(point.place, place):
                return _again(step, point, place)
        unfinished = self._is_unfinished(row)
        if unfinished or any(self._owns(place, point.place) for point in self.points):
            if step.items is not None:
                return Verdict(*step.key, Action.REOPENED)
            return Verdict(*step.key, Action.RERUN, Reason.UNFINISHED)
        return Verdict(*step.key, Action.KEPT)

    def resumption(self, trigger_node: str | None, effect_of: Callable[[PlanNode], Effect]) -> Resumption:
        for row in self.rows.values():
            row.verdict = self._judge(row)
        kept = [*self._kept(), *self._written_in()]
        state = restore(
            self.plan,
            [step.copy() for step in kept],
            trigger_node=trigger_node,
            trigger=None,
            variables={},
            execution={},
        )
        return Resumption(kept=kept, verdicts=_Report(self.plan, self.rows, state, effect_of).verdicts())

    def _kept(self) -> Iterable[Step]:
        for row in self.rows.values():
            if row.verdict.action is Action.RERUN:
                continue
            if row.verdict.action is Action.REOPENED:
                _reopen(row.step)
            elif row.verdict.action is Action.EDITED:
                _write_in(row.step, self.outputs[row.step.key], self.plan.nodes[row.step.node])
            elif row.step.status == "failed" and self._lost_its_fallback(row):
                row.step.output = row.step.port = None
            yield row.step

    def _lost_its_fallback(self, row: _Row) -> bool:
        fallback = None if row.place is None else row.place.node.fallback
        stood_in = None if fallback is None else self.rows.get((fallback.id, row.step.iteration))
        return fallback is not None and (stood_in is None or stood_in.verdict.action is Action.RERUN)

    def _written_in(self) -> Iterable[Step]:
        """Outputs given for steps that there were none of."""
        for key in self.outputs.keys() - self.rows.keys():
            step = Step(*key)
            _write_in(step, self.outputs[key], self.plan.nodes[step.node])
            yield step


@dataclass
class _Report:
    """Verdicts as they turn out: what is decided again without running is kept, what is ready anew is told."""

    plan: Plan
    rows: Mapping[StepKey, _Row]
    state: State
    effect_of: Callable[[PlanNode], Effect]
    effects: dict[str, Effect] = field(default_factory=dict)

    def verdicts(self) -> list[Verdict]:
        told = [self._told(row) for row in self.rows.values()]
        anew = [step for step in self.state.steps.values() if step.key not in self.rows]
        return told + [
            Verdict(*step.key, Action.RERUN, Reason.NEW)
            if not step.is_final
            else Verdict(*step.key, Action.EDITED)
            for step in anew
            if not step.is_final or step.status == "succeeded"
        ]

    def _told(self, row: _Row) -> Verdict:
        verdict = row.verdict
        if verdict.action is not Action.RERUN:
            return verdict
        found = self.state.steps.get(row.step.key)
        if found is not None and found.is_final:
            return Verdict(*row.step.key, Action.KEPT)
        repeats = row.step.attempt > 0 and self._effect(row.step.node) is Effect.WRITE
        return Verdict(
            verdict.node, verdict.iteration, verdict.action, verdict.reason, verdict.after, repeats=repeats
        )

    def _effect(self, node_id: str) -> Effect:
        node = self.plan.nodes.get(node_id)
        if node is None:
            return Effect.NONE
        if node_id not in self.effects:
            self.effects[node_id] = self.effect_of(node)
        return self.effects[node_id]


def _is_changed(node: PlanNode, before: PlanNode | None) -> bool:
    return before is None or before.kind != node.kind or before.shape != node.shape


def _is_good(step: Step) -> bool:
    """It ended in a way that others could build on."""
    return step.status in ("succeeded", "skipped") or (
        step.status == "failed" and step.handled and step.reason is None
    )


def _again(step: Step, point: _Point, place: Place) -> Verdict:
    named = place.node is point.place.node and point.place.is_at(place.indexes)
    if named and point.itself:
        return Verdict(*step.key, Action.RERUN, point.reason)
    return Verdict(*step.key, Action.RERUN, Reason.DOWNSTREAM, after=point.place.node.id)


def _reopen(step: Step) -> None:
    limit = step.wait.get("limit") if step.wait else None
    step.status = "running"
    step.wait = None if limit is None else {"kind": "items", "limit": limit}
    step.output = step.port = step.error = step.reason = step.due_at = None
    step.handled = False


def _write_in(step: Step, output: Any, node: PlanNode) -> None:
    if step.status != "succeeded" or step.port is None:
        step.port = node.main_port
    step.status = "succeeded"
    step.output = output
    step.error = step.reason = step.wait = step.due_at = step.items = step.params = None
    step.handled = False


def _path(shape: Sequence[str], indexes: Sequence[int | None]) -> str:
    return "/".join(f"{part.partition(':')[0]}.{index}" for part, index in zip(shape, indexes, strict=False))
