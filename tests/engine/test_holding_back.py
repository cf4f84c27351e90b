"""Pause and continue: nothing new starts meanwhile, nothing is forgotten, and the end is the same."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.graphs import plan
from tests.engine.runs import NOW, Run
from tests.engine.strategies import Case, cases
from workflows.engine.commands import Finish, RunStep, StopStep, WakeStep
from workflows.engine.decide import decide, is_idle, next_due
from workflows.engine.events import (
    CancelRequested,
    ContinueRequested,
    PauseRequested,
    StepCancelled,
    StepStarted,
    StepSucceeded,
    StepWaiting,
)

A, B, START = ("a", ""), ("b", ""), ("start", "")
LATER = NOW + timedelta(seconds=5)


def begun() -> Run:
    execution = Run(plan("start > a > b"))
    execution.tell(StepSucceeded(START, 1))
    execution.tell(StepStarted(A))
    return execution


def test_what_runs_may_finish_but_nothing_follows_until_continued() -> None:
    execution = begun()

    assert execution.tell(PauseRequested()) == []
    assert not is_idle(execution.state)
    assert execution.tell(StepSucceeded(A, 2)) == []
    assert is_idle(execution.state)
    assert execution.tell(ContinueRequested()) == [RunStep(B, 1)]


def test_a_time_that_comes_while_paused_counts_once_continued() -> None:
    execution = begun()
    execution.tell(StepWaiting(A, {"kind": "timer"}, LATER))
    execution.tell(PauseRequested())

    assert next_due(execution.state) is None
    assert decide(execution.state, LATER) == []
    execution.tell(ContinueRequested())
    assert decide(execution.state, LATER) == [WakeStep(A)]


def test_an_execution_whose_last_step_ends_while_paused_is_over() -> None:
    execution = begun()
    execution.tell(StepSucceeded(A, 2))
    execution.tell(StepStarted(B))
    execution.tell(PauseRequested())

    assert execution.tell(StepSucceeded(B, 3)) == [Finish("succeeded", 3, None)]


def test_what_is_paused_can_be_cancelled() -> None:
    execution = begun()
    execution.tell(PauseRequested())

    assert execution.tell(CancelRequested()) == [StopStep(A)]
    assert execution.tell(StepCancelled(A)) == [Finish("cancelled", None, None)]


def test_what_was_ready_when_it_was_paused_can_be_cancelled() -> None:
    execution = begun()
    execution.tell(PauseRequested())
    execution.tell(StepSucceeded(A, 2))

    assert execution.tell(CancelRequested()) == [Finish("cancelled", None, None)]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.integers(0, 2**32), st.integers(0, 40))
def test_a_pause_at_any_moment_and_under_any_owner_changes_no_end(case: Case, order: int, after: int) -> None:
    straight = Run(case.plan, case.result, trigger={"x": 1}).play()
    lot = random.Random(order)
    paused = Run(case.plan, case.result, trigger={"x": 1})
    paused.play(lambda held: lot.randrange(len(held)), most=after)
    paused.tell(PauseRequested())
    heir = Run.restored(paused.changes, paused)
    for run in (paused, heir):
        run.tell(PauseRequested())
        run.tell(ContinueRequested())
        run.play()

        assert run.end is not None
        assert straight.end is not None
        assert run.end.status == straight.end.status
        assert run.end.output == straight.end.output or not case.is_comparable
