"""Retries, timers, signals: what waits, when it wakes, and when an execution may be parked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.engine.graphs import plan
from tests.engine.runs import NOW, Fails, Retries, Run, Waits, failure, run
from workflows.engine.commands import Finish, RunStep, WakeStep
from workflows.engine.decide import decide, is_idle, next_due
from workflows.engine.events import (
    StepFailed,
    StepParked,
    StepRetrying,
    StepStarted,
    StepSucceeded,
    StepWaiting,
)

A = ("a", "")
START = ("start", "")
LATER = NOW + timedelta(seconds=5)


def begun() -> Run:
    execution = Run(plan("start > a > b"))
    execution.tell(StepSucceeded(START, 1))
    execution.tell(StepStarted(A))
    return execution


def test_a_failed_attempt_waits_and_is_tried_again_when_due() -> None:
    execution = begun()

    assert execution.tell(StepRetrying(A, failure(Fails()), LATER)) == []
    step = execution.step("a")
    assert (step.status, step.attempt, step.due_at) == ("waiting", 1, LATER)
    assert decide(execution.state, LATER - timedelta(microseconds=1)) == []
    assert decide(execution.state, LATER) == [RunStep(A, 2)]
    assert decide(execution.state, LATER) == []


def test_an_attempt_counts_when_it_starts() -> None:
    execution = begun()
    execution.tell(StepRetrying(A, failure(Fails()), NOW))
    execution.tell(StepStarted(A))

    step = execution.step("a")
    assert (step.status, step.attempt, step.due_at) == ("running", 2, None)


def test_tries_that_cost_none_are_told_apart() -> None:
    execution = begun()
    execution.tell(StepRetrying(A, failure(Fails()), NOW, counts=False))
    execution.tell(StepStarted(A))
    execution.tell(StepRetrying(A, failure(Fails()), NOW, counts=False))
    execution.tell(StepStarted(A))

    step = execution.step("a")
    assert (step.attempt, step.free_tries, step.counted) == (3, 2, 1)


def test_other_tries_count() -> None:
    execution = begun()
    execution.tell(StepRetrying(A, failure(Fails()), NOW))
    execution.tell(StepStarted(A))

    assert (execution.step("a").free_tries, execution.step("a").counted) == (0, 2)


def test_free_tries_are_remembered_over_other_waits() -> None:
    execution = begun()
    execution.tell(StepRetrying(A, failure(Fails()), NOW, counts=False))
    execution.tell(StepStarted(A))
    execution.tell(StepWaiting(A, {"kind": "child"}))

    assert execution.step("a").wait == {"kind": "child", "free_tries": 1}


def test_a_call_that_a_breaker_held_back_is_no_try() -> None:
    execution = begun()
    execution.tell(StepRetrying(A, failure(Fails()), NOW, counts=False))
    execution.tell(StepStarted(A))
    execution.tell(StepParked(A, {"kind": "breaker", "breaker": "x"}, LATER))

    step = execution.step("a")
    assert (step.status, step.attempt, step.counted, step.due_at) == ("waiting", 1, 0, LATER)
    assert decide(execution.state, LATER) == [RunStep(A, 2)]


def test_an_error_stays_until_the_step_succeeds() -> None:
    execution = run(plan("start > a"), {"a": Retries(2, "third try")})

    assert execution.end == Finish("succeeded", "third try", None)
    assert execution.step("a").error is None
    assert execution.step("a").attempt == 3


def test_an_error_names_the_attempt_it_came_from() -> None:
    execution = begun()
    execution.tell(StepRetrying(A, failure(Fails()), NOW))
    execution.tell(StepStarted(A))
    execution.tell(StepFailed(A, failure(Fails())))

    error = execution.step("a").error
    assert error is not None
    assert error["attempt"] == 2


def test_a_timer_wakes_its_step_once() -> None:
    execution = begun()
    execution.tell(StepWaiting(A, {"kind": "timer"}, LATER))

    assert next_due(execution.state) == LATER
    assert decide(execution.state, LATER) == [WakeStep(A)]
    assert decide(execution.state, LATER) == []
    assert next_due(execution.state) is None


def test_starting_a_step_that_waits_for_word_is_no_new_attempt() -> None:
    execution = begun()
    execution.tell(StepWaiting(A, {"kind": "signal"}))
    execution.tell(StepStarted(A))

    assert (execution.step("a").status, execution.step("a").attempt) == ("waiting", 1)


def test_a_signal_before_the_deadline_ends_the_wait() -> None:
    execution = begun()
    execution.tell(StepWaiting(A, {"kind": "signal"}, LATER))
    execution.tell(StepSucceeded(A, "approved"))

    assert next_due(execution.state) is None
    assert decide(execution.state, LATER) == []
    assert execution.step("b").status == "pending"


def test_a_new_wait_replaces_the_old_alarm() -> None:
    execution = begun()
    execution.tell(StepWaiting(A, {"kind": "timer"}, LATER))
    execution.tell(StepWaiting(A, {"kind": "timer"}, LATER + timedelta(seconds=9)))

    assert decide(execution.state, LATER) == []
    assert next_due(execution.state) == LATER + timedelta(seconds=9)


def test_a_wait_without_a_time_waits_for_word_alone() -> None:
    execution = begun()
    execution.tell(StepWaiting(A, {"kind": "signal"}))

    assert next_due(execution.state) is None
    assert is_idle(execution.state)


def test_the_earliest_of_several_is_due_next() -> None:
    execution = run(plan("start > a b"), {"a": Waits(None), "b": Waits(None)})
    execution.tell(StepWaiting(("a", ""), {"kind": "timer"}, LATER))
    execution.tell(StepWaiting(("b", ""), {"kind": "timer"}, LATER - timedelta(seconds=1)))

    assert next_due(execution.state) == LATER - timedelta(seconds=1)
    assert decide(execution.state, LATER) == [WakeStep(("b", "")), WakeStep(("a", ""))]


def test_nothing_is_idle_while_a_step_is_ready_running_or_awake() -> None:
    execution = Run(plan("start > a > b"))
    assert not is_idle(execution.state)
    execution.tell(StepSucceeded(START, 1))
    execution.tell(StepWaiting(A, {"kind": "timer"}, LATER))
    assert is_idle(execution.state)
    decide(execution.state, LATER)

    assert not is_idle(execution.state)


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_run_goes_on_after_a_timer(seconds: float) -> None:
    execution = run(plan("start > a > b"), {"a": Waits(seconds, "slept")})

    assert execution.end == Finish("succeeded", "b", None)
    assert execution.now == NOW + timedelta(seconds=seconds)


def test_an_execution_with_a_waiting_branch_goes_on_in_the_other() -> None:
    execution = run(plan("start > a b; b > c"), {"a": Waits(None, kind="signal")})

    assert execution.statuses() == {"start": "succeeded", "a": "waiting", "b": "succeeded", "c": "succeeded"}
    assert is_idle(execution.state)
