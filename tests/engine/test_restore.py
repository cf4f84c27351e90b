"""What a new owner makes of the rows that the old one left."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.graphs import plan
from tests.engine.runs import NOW, Fails, Hangs, Retries, Run, To, Waits, failure, run
from workflows.engine.apply import apply
from workflows.engine.commands import Finish, RunStep, WakeStep
from workflows.engine.decide import next_due
from workflows.engine.events import (
    CancelRequested,
    StepFailed,
    StepItems,
    StepParked,
    StepRetrying,
    StepStarted,
    StepSucceeded,
    StepWaiting,
)
from workflows.engine.scope import input_of
from workflows.engine.steps import Step

A = ("a", "")
START = ("start", "")


def heir_of(execution: Run, cut: int | None = None) -> Run:
    execution.save()
    return Run.restored(execution.changes[:cut], execution)


def begun(text: str, **settings: Any) -> Run:
    execution = Run(plan(text, **settings))
    execution.tell(StepStarted(START))
    execution.tell(StepSucceeded(START, 1))
    return execution


def test_without_rows_an_execution_begins_anew() -> None:
    heir = heir_of(Run(plan("start > a")))

    assert heir.log == [RunStep(START, 1)]


def test_what_was_running_is_handed_out_again_as_the_same_attempt() -> None:
    execution = begun("start > a > b")
    execution.tell(StepStarted(A))
    heir = heir_of(execution)

    assert heir.log == [RunStep(A, 1, resumed=True)]
    heir.tell(StepStarted(A))
    assert heir.step("a").attempt == 1


def test_a_later_attempt_comes_back_under_its_own_number() -> None:
    execution = begun("start > a")
    execution.tell(StepStarted(A))
    execution.tell(StepRetrying(A, failure(Fails()), NOW, counts=False))
    execution.tell(StepStarted(A))
    heir = heir_of(execution)

    assert heir.log == [RunStep(A, 2, resumed=True)]
    assert heir.step("a").free_tries == 1


def test_what_was_handed_out_and_never_began_is_no_resumption() -> None:
    assert heir_of(begun("start > a")).log == [RunStep(A, 1)]


def test_what_a_write_sent_is_kept_for_the_next_owner() -> None:
    execution = begun("start > a")
    execution.tell(StepStarted(A))
    execution.step("a").params = {"body": "as sent"}
    execution.state.changed(execution.step("a"))

    assert heir_of(execution).step("a").params == {"body": "as sent"}


def test_finished_steps_are_not_repeated_and_give_what_they_gave() -> None:
    execution = run(plan("start > a b > c"), {"a": 1, "b": 2, "c": Hangs()})
    heir = heir_of(execution)

    assert heir.ran == ["c"]
    assert input_of(heir.state, heir.step("c")) == {"a": 1, "b": 2}


def test_changes_come_in_the_order_of_the_latest_one() -> None:
    execution = begun("start > a b")
    execution.state.take_changes()
    for event in (StepStarted(A), StepStarted(("b", "")), StepSucceeded(A, 1)):
        apply(execution.state, event)

    assert [step.node for step in execution.state.take_changes()] == ["b", "a"]
    assert execution.state.take_changes() == []


def test_a_for_each_keeps_its_place_before_its_items() -> None:
    execution = begun("start > m", m={"for_each": {"items": []}})
    for event in (StepItems(("m", ""), [1]), StepStarted(("m", "each.0")), StepSucceeded(("m", "each.0"), 1)):
        apply(execution.state, event)

    assert [step.key for step in execution.state.take_changes()] == [("m", ""), ("m", "each.0")]


def test_taking_over_changes_no_row() -> None:
    execution = run(plan("start > if1; if1.true > a > b; if1.false > c"), {"if1": To("true"), "b": Hangs()})
    heir = heir_of(execution)

    assert heir.state.take_changes() == []


def test_a_waiting_step_waits_on_until_its_time() -> None:
    execution = run(plan("start > a > b"), {"a": Waits(None, kind="signal")})
    execution.tell(StepWaiting(A, {"kind": "signal", "name": "go"}, NOW))
    heir = heir_of(execution)

    assert heir.log == [WakeStep(A)]
    assert heir.step("a").wait == {"kind": "signal", "name": "go"}
    heir.tell(StepSucceeded(A, "went"))
    assert heir.ran == ["b"]


def test_a_step_between_tries_is_tried_again_when_due() -> None:
    execution = begun("start > a")
    execution.tell(StepStarted(A))
    execution.tell(StepRetrying(A, failure(Fails()), NOW))

    assert heir_of(execution).log == [RunStep(A, 2)]


def test_a_step_that_a_breaker_held_back_is_handed_out_again() -> None:
    execution = begun("start > a")
    execution.tell(StepStarted(A))
    execution.tell(StepParked(A, {"kind": "breaker"}, NOW))

    assert heir_of(execution).log == [RunStep(A, 1)]


def test_a_wait_in_the_future_is_due_then() -> None:
    execution = begun("start > a")
    later = NOW.replace(hour=23)
    execution.tell(StepStarted(A))
    execution.tell(StepRetrying(A, failure(Fails()), later))
    heir = heir_of(execution)

    assert heir.log == []
    assert next_due(heir.state) == later


def test_an_end_that_was_not_stored_is_said_again() -> None:
    heir = heir_of(run(plan("start > a")))

    assert heir.end == Finish("succeeded", "a", None)


def test_an_answer_given_before_is_still_the_answer() -> None:
    execution = run(plan("start > say > a"), {"say": {"body": {"ok": 1}}, "a": Hangs()})
    heir = heir_of(execution)
    heir.tell(StepSucceeded(A, 1))

    assert heir.end == Finish("succeeded", {"ok": 1}, None)


def test_the_rest_of_a_list_is_worked_off() -> None:
    execution = begun("start > m > z", m={"for_each": {"items": [], "limit": 2}})
    execution.tell(StepItems(("m", ""), ["i", "j", "k"]))
    execution.tell(StepStarted(("m", "each.0")))
    execution.tell(StepStarted(("m", "each.1")))
    execution.tell(StepSucceeded(("m", "each.1"), "J"))
    heir = heir_of(execution)

    assert heir.log == [RunStep(("m", "each.0"), 1, resumed=True), RunStep(("m", "each.2"), 1)]
    heir.tell(StepSucceeded(("m", "each.0"), "I"))
    heir.tell(StepSucceeded(("m", "each.2"), "K"))
    assert heir.step("m").output == ["I", "J", "K"]


def test_a_limit_that_came_with_the_list_holds_for_the_next_owner() -> None:
    execution = begun("start > m", m={"for_each": {"items": []}})
    execution.tell(StepItems(("m", ""), [1, 2, 3], limit=1))

    assert heir_of(execution).ran == ["m each.0"]


def test_what_runs_beside_a_failure_is_found_and_finished() -> None:
    execution = begun("start > a b; b > c")
    execution.tell(StepStarted(("b", "")))
    execution.tell(StepFailed(A, failure(Fails())))
    heir = heir_of(execution)

    assert heir.log == [RunStep(("b", ""), 1, resumed=True)]
    heir.tell(StepSucceeded(("b", ""), 1))
    assert heir.end is not None
    assert heir.end.error == execution.step("a").error
    assert heir.statuses()["c"] == "cancelled"


def test_items_that_ran_beside_a_failed_one_are_found_too() -> None:
    execution = begun("start > m", m={"for_each": {"items": [], "limit": 2}})
    execution.tell(StepItems(("m", ""), [0, 1, 2, 3]))
    for index in (0, 1):
        execution.tell(StepStarted(("m", f"each.{index}")))
    execution.tell(StepSucceeded(("m", "each.1"), 1))
    execution.tell(StepStarted(("m", "each.2")))
    execution.tell(StepFailed(("m", "each.0"), failure(Fails())))
    heir = heir_of(execution)

    assert heir.log == [RunStep(("m", "each.2"), 1, resumed=True)]
    assert "m each.3" not in {key for key, status in heir.statuses().items() if status != "cancelled"}


def test_the_first_failure_stays_the_error() -> None:
    execution = begun("start > a b c")
    execution.tell(StepStarted(("c", "")))
    execution.tell(StepFailed(("b", ""), failure(Fails("first"))))
    execution.tell(StepFailed(A, failure(Fails("second"))))
    heir = heir_of(execution)
    heir.tell(StepSucceeded(("c", ""), 1))

    assert heir.end is not None
    assert heir.end.error is not None
    assert heir.end.error["code"] == "first"


def test_an_item_that_failed_does_not_hide_what_ran_after_it_before_all_failed() -> None:
    text = "start > b each1; each1.item > x; each1[x]"
    execution = begun(text, each1={"limit": 1, "on_item_error": "collect"})
    execution.tell(StepStarted(("b", "")))
    execution.tell(StepItems(("each1", ""), [0, 1, 2]))
    execution.tell(StepFailed(("x", "each.0"), failure(Fails())))
    execution.tell(StepStarted(("x", "each.1")))
    execution.tell(StepFailed(("b", ""), failure(Fails())))
    heir = heir_of(execution)

    assert heir.log == [RunStep(("x", "each.1"), 1, resumed=True)]


def test_a_failure_after_all_had_failed_is_not_handled_by_the_next_owner_either() -> None:
    execution = begun("start > a b d; b > c", b={"on_error": "continue"})
    execution.tell(StepStarted(("d", "")))
    execution.tell(StepFailed(A, failure(Fails())))
    execution.tell(StepFailed(("b", ""), failure(Fails())))
    heir = heir_of(execution)

    assert not heir.step("b").handled
    assert heir.statuses()["c"] == "cancelled"


def test_a_step_that_another_version_passed_by_runs_when_this_one_reaches_it() -> None:
    rows = [
        Step("start", "", status="succeeded", output=1, port="success", attempt=1),
        Step("a", "", status="skipped", reason="dead_path"),
    ]
    heir = Run.restored(rows, Run(plan("start > a > b")))

    assert heir.log == [RunStep(A, 1)]


def test_a_request_to_cancel_shows_in_the_rows() -> None:
    execution = begun("start > a b; a > c")
    execution.tell(StepStarted(A))
    execution.tell(CancelRequested())
    heir = heir_of(execution)

    assert heir.end == Finish("cancelled", None, None)


def test_a_fallback_that_was_running_stands_in_as_before() -> None:
    execution = begun("start > a > b; f", a={"on_error": {"fallback": "f"}})
    execution.tell(StepFailed(A, failure(Fails())))
    execution.tell(StepStarted(("f", "")))
    heir = heir_of(execution)

    assert heir.log == [RunStep(("f", ""), 1, resumed=True)]
    heir.tell(StepSucceeded(("f", ""), "instead"))
    assert input_of(heir.state, heir.step("b")) == "instead"


def test_an_any_join_remembers_what_started_it() -> None:
    execution = begun("start > a b > d", d={"join": "any"})
    execution.tell(StepSucceeded(("b", ""), "B"))
    execution.tell(StepStarted(("d", "")))
    execution.tell(StepSucceeded(A, "A"))
    heir = heir_of(execution)

    assert input_of(heir.state, heir.step("d")) == {"b": "B"}


def test_visits_go_on_where_they_were() -> None:
    text = "start > h > loop1; loop1.again > h; loop1.done > z"
    results = {"loop1 loop.1": To("again"), "loop1 loop.2": Hangs()}
    execution = run(plan(text), results)
    heir = heir_of(execution)

    assert heir.log == [RunStep(("loop1", "loop.2"), 1, resumed=True)]
    heir.tell(StepSucceeded(("loop1", "loop.2"), 1, "again"))
    assert heir.ran[-1] == "h loop.3"


@pytest.mark.parametrize("cut", range(8))
def test_a_row_may_come_several_times_and_the_last_counts(cut: int) -> None:
    execution = run(plan("start > a > b"), {"a": Retries(1, "A")})
    heir = heir_of(execution, cut)
    heir.play()

    assert heir.end == execution.end


def test_rows_of_steps_that_the_plan_no_longer_reaches_are_left_alone() -> None:
    stray = Step("gone", "", status="succeeded", output=1, port="success")
    execution = Run(plan("start > a"))
    heir = Run.restored([stray], execution)
    heir.play()

    assert heir.end == Finish("succeeded", "a", None)
    assert ("gone", "") not in heir.state.steps


def test_an_execution_can_change_hands_again_and_again() -> None:
    results = {"a": [1, 2, 3], "m": [1, 2, 3], "loop1 loop.1": To("again"), "loop1": To("done")}
    graph = plan(
        "start > h > loop1; loop1.again > h; loop1.done > m > z", m={"for_each": {"items": [], "limit": 1}}
    )
    execution: Run = Run(graph, results)
    rows: list[Step] = []
    hands = 0
    while execution.end is None:
        execution.play(most=1)
        rows += execution.changes
        execution.changes = []
        if execution.end is None:
            execution = Run.restored(rows, execution)
            hands += 1

    assert hands > 5
    assert execution.end == Finish("succeeded", "z", None)
