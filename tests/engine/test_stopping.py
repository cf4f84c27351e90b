"""Cancelling, the execution's timeout, and events that come too late."""

from __future__ import annotations

import pytest

from tests.engine.graphs import plan
from tests.engine.runs import NOW, Fails, Hangs, Run, Waits, failure, run
from workflows.engine.commands import Finish, StopStep
from workflows.engine.decide import is_idle
from workflows.engine.events import (
    CancelRequested,
    Event,
    ExecutionTimedOut,
    StepCancelled,
    StepFailed,
    StepItems,
    StepParked,
    StepRetrying,
    StepStarted,
    StepSucceeded,
    StepWaiting,
)

ENDS = (CancelRequested(), ExecutionTimedOut())
TIMED_OUT = {
    "code": "execution_timed_out",
    "category": "timeout",
    "message": "The execution ran for longer than 60 s.",
    "node": None,
    "attempt": None,
}


def two_running() -> Run:
    execution = Run(plan("start > a b; a > c", workflow={"timeout": 60}))
    execution.tell(StepSucceeded(("start", ""), 1))
    execution.tell(StepStarted(("a", "")))
    execution.tell(StepStarted(("b", "")))
    return execution


@pytest.mark.parametrize("event", ENDS)
def test_running_steps_are_stopped_and_the_rest_is_cancelled(event: Event) -> None:
    execution = two_running()

    assert execution.tell(event) == [StopStep(("a", "")), StopStep(("b", ""))]
    assert execution.statuses()["c"] == "cancelled"
    assert execution.end is None


def test_a_cancelled_execution_ends_when_what_ran_has_stopped() -> None:
    execution = two_running()
    execution.tell(CancelRequested())
    execution.tell(StepCancelled(("a", "")))

    assert execution.tell(StepCancelled(("b", ""))) == [Finish("cancelled", None, None)]
    assert execution.step("a").reason == "cancel_requested"


def test_a_timed_out_execution_has_failed() -> None:
    execution = two_running()
    execution.tell(ExecutionTimedOut())
    execution.tell(StepCancelled(("a", "")))

    assert execution.tell(StepCancelled(("b", ""))) == [Finish("failed", None, TIMED_OUT)]


def test_a_step_that_finished_while_it_was_to_be_stopped_keeps_its_result() -> None:
    execution = two_running()
    execution.tell(CancelRequested())
    execution.tell(StepSucceeded(("a", ""), "just in time"))
    execution.tell(StepFailed(("b", ""), failure(Fails())))

    assert execution.step("a").output == "just in time"
    assert execution.statuses()["c"] == "cancelled"
    assert execution.step("b").status == "failed"
    assert execution.end == Finish("cancelled", None, None)


@pytest.mark.parametrize("event", ENDS)
def test_waiting_steps_are_cancelled_at_once(event: Event) -> None:
    execution = run(plan("start > a > b"), {"a": Waits(None, kind="signal")})
    execution.tell(event)

    assert execution.end is not None
    assert execution.statuses() == {"start": "succeeded", "a": "cancelled", "b": "cancelled"}


def test_a_step_that_waits_for_a_child_is_cancelled_and_the_child_is_to_be_stopped() -> None:
    execution = run(plan("start > a"), {"a": Waits(None, kind="child")})

    commands = execution.tell(CancelRequested())

    assert commands == [StopStep(("a", "")), Finish("cancelled", None, None)]


def test_a_failure_cancels_steps_that_wait() -> None:
    graph = plan("start > a b c")
    execution = run(graph, {"a": Waits(None, kind="signal"), "b": Waits(9.0), "c": Fails()})

    assert execution.statuses() == {"start": "succeeded", "a": "cancelled", "b": "cancelled", "c": "failed"}


@pytest.mark.parametrize("event", ENDS)
def test_a_second_request_changes_nothing(event: Event) -> None:
    execution = two_running()
    execution.tell(CancelRequested())

    assert execution.tell(event) == [StopStep(("a", "")), StopStep(("b", ""))]
    for key in (("a", ""), ("b", "")):
        execution.tell(StepCancelled(key))
    assert execution.end == Finish("cancelled", None, None)
    assert execution.tell(event) == []


def test_cancelling_after_a_failure_stops_what_still_runs_and_the_failure_stands() -> None:
    execution = two_running()
    execution.tell(StepFailed(("a", ""), failure(Fails())))

    assert execution.tell(CancelRequested()) == [StopStep(("b", ""))]
    execution.tell(StepCancelled(("b", "")))
    assert execution.end is not None
    assert execution.end.status == "failed"


def test_cancelling_what_is_over_is_too_late() -> None:
    execution = run(plan("start > a"))

    assert execution.tell(CancelRequested()) == []
    assert execution.end == Finish("succeeded", "a", None)


@pytest.mark.parametrize(
    "event",
    [
        StepRetrying(("a", ""), failure(Fails()), NOW),
        StepWaiting(("a", ""), {"kind": "timer"}, NOW),
        StepParked(("a", ""), {"kind": "breaker"}, NOW),
        StepItems(("a", ""), [1, 2]),
        StepCancelled(("a", "")),
    ],
)
def test_after_the_request_no_step_waits_or_grows(event: Event) -> None:
    execution = two_running()
    execution.tell(CancelRequested())
    execution.tell(event)

    assert execution.step("a").is_final
    assert not execution.state.waiting


@pytest.mark.parametrize(
    "event",
    [
        StepStarted(("a", "")),
        StepSucceeded(("a", ""), "late"),
        StepFailed(("a", ""), failure(Fails())),
        StepRetrying(("a", ""), failure(Fails()), NOW),
        StepWaiting(("a", ""), {"kind": "timer"}, NOW),
        StepParked(("a", ""), {"kind": "breaker"}, NOW),
        StepItems(("a", ""), [1]),
        StepCancelled(("a", "")),
    ],
)
def test_an_event_about_a_final_step_changes_nothing(event: Event) -> None:
    execution = run(plan("start > a"))
    execution.state.take_changes()

    assert execution.tell(event) == []
    assert execution.step("a").output == "a"
    assert execution.state.take_changes() == []


def test_a_step_that_stopped_though_nobody_asked_has_failed() -> None:
    execution = Run(plan("start"))
    execution.tell(StepCancelled(("start", "")))

    assert execution.end is not None
    assert execution.end.error is not None
    assert (execution.end.status, execution.end.error["category"]) == ("failed", "cancelled")


@pytest.mark.parametrize("event", ENDS)
def test_open_items_and_loops_end_with_the_execution(event: Event) -> None:
    graph = plan(
        "start > each1 m h; each1.item > x; each1[x]; h > loop1; loop1.again > h; loop1.done > z",
        m={"for_each": {"items": []}},
    )
    results = {
        "each1": [1, 2],
        "m": [1, 2],
        "x": Hangs(),
        "m each.0": Hangs(),
        "m each.1": Waits(None),
        "h": Hangs(),
    }
    execution = run(graph, results)
    execution.tell(event)
    assert not is_idle(execution.state)
    execution.play()

    assert execution.end is not None
    assert {status for key, status in execution.statuses().items() if key != "start"} == {"cancelled"}
    assert is_idle(execution.state)
