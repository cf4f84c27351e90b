"""What a failed step does to its branch, its item and its execution."""

from __future__ import annotations

from typing import Any

import pytest

from studio.kernel.errors import Category, NodeTimedOut, Permanent
from tests.engine.graphs import plan
from tests.engine.runs import Fails, Run, To, failure, run
from workflows.engine.commands import Finish
from workflows.engine.errors import body_of, error_body, error_document
from workflows.engine.events import StepFailed, StepSucceeded
from workflows.engine.scope import input_of

ERROR = {"code": "broken", "category": "upstream", "message": "It broke.", "node": "a", "attempt": 1}
DOCUMENT = {"error": ERROR, "input": "start"}


def test_stop_lets_running_steps_finish_and_starts_nothing_new() -> None:
    execution = Run(plan("start > a b; a > c; b > d"))
    execution.tell(StepSucceeded(("start", ""), 1))

    assert execution.tell(StepFailed(("a", ""), failure(Fails()))) == []
    assert execution.statuses()["c"] == execution.statuses()["d"] == "cancelled"
    execution.tell(StepSucceeded(("b", ""), 2))

    assert execution.statuses()["b"] == "succeeded"
    assert execution.end is not None
    assert execution.end.status == "failed"


def test_the_first_failure_is_the_error_of_the_execution() -> None:
    execution = run(plan("start > a b"), {"a": Fails("first"), "b": Fails("second")})

    assert execution.end == Finish("failed", None, {**ERROR, "code": "first"})
    assert execution.statuses()["b"] == "failed"
    assert execution.step("b").reason == "execution_failed"


def test_cancelled_steps_say_why() -> None:
    assert run(plan("start > a > b"), {"a": Fails()}).step("b").reason == "execution_failed"


@pytest.mark.parametrize(
    ("text", "settings", "statuses", "output"),
    [
        ("start > a > b", {"on_error": "continue"}, {"b": "succeeded"}, "b"),
        ("start > a", {"on_error": "continue"}, {}, DOCUMENT),
        ("start > a > b; a.error > c", {"on_error": "branch"}, {"b": "skipped", "c": "succeeded"}, "c"),
        ("start > a > b; f", {"on_error": {"fallback": "f"}}, {"f": "succeeded", "b": "succeeded"}, "b"),
        ("start > a; f", {"on_error": {"fallback": "f"}}, {"f": "succeeded"}, "f"),
    ],
)
def test_a_handled_failure_stays_failed_and_the_execution_succeeds(
    text: str, settings: dict[str, Any], statuses: dict[str, str], output: Any
) -> None:
    execution = run(plan(text, a=settings), {"a": Fails()})

    assert execution.end == Finish("succeeded", output, None)
    assert {"a": "failed", **statuses}.items() <= execution.statuses().items()
    assert execution.step("a").handled
    assert execution.step("a").error == ERROR


@pytest.mark.parametrize(
    ("text", "settings"),
    [("start > a > b", {"on_error": "continue"}), ("start > a; a.error > b", {"on_error": "branch"})],
)
def test_the_error_document_goes_on(text: str, settings: dict[str, Any]) -> None:
    execution = run(plan(text, a=settings), {"a": Fails()})

    assert input_of(execution.state, execution.step("b")) == DOCUMENT


def test_a_fallback_gets_the_error_document_and_its_output_stands_for_the_failed_nodes() -> None:
    execution = run(
        plan("start > a > b; f > g", a={"on_error": {"fallback": "f"}}), {"a": Fails(), "f": {"n": 2}}
    )

    assert input_of(execution.state, execution.step("f")) == DOCUMENT
    assert input_of(execution.state, execution.step("b")) == {"n": 2}
    assert input_of(execution.state, execution.step("g")) == {"n": 2}


def test_a_fallback_that_is_not_needed_is_skipped_with_what_follows_it() -> None:
    execution = run(plan("start > a > b; f > g", a={"on_error": {"fallback": "f"}}))

    assert execution.statuses() | {"f": "skipped", "g": "skipped"} == execution.statuses()
    assert execution.end == Finish("succeeded", "b", None)


def test_a_fallback_of_a_node_that_is_passed_by_is_passed_by() -> None:
    graph = plan("start > if1; if1.true > a > b; f", a={"on_error": {"fallback": "f"}})

    assert run(graph, {"if1": To("false")}).step("f").reason == "dead_path"


def test_a_fallback_that_fails_fails_the_execution() -> None:
    execution = run(
        plan("start > a > b; f", a={"on_error": {"fallback": "f"}}), {"a": Fails(), "f": Fails("worse")}
    )

    assert execution.end is not None
    assert execution.end.error is not None
    assert (execution.end.status, execution.end.error["code"]) == ("failed", "worse")


def test_a_fallback_may_have_one_of_its_own() -> None:
    graph = plan("start > a > b; f; g", a={"on_error": {"fallback": "f"}}, f={"on_error": {"fallback": "g"}})
    execution = run(graph, {"a": Fails(), "f": Fails(), "g": "third time"})

    assert input_of(execution.state, execution.step("b")) == "third time"
    assert input_of(execution.state, execution.step("g"))["input"] == DOCUMENT


def test_a_fallback_that_goes_on_along_its_own_error_port_stands_for_nothing() -> None:
    graph = plan("start > a > b; f.error > g", a={"on_error": {"fallback": "f"}}, f={"on_error": "branch"})
    execution = run(graph, {"a": Fails(), "f": Fails()})

    assert execution.statuses() | {"b": "skipped", "g": "succeeded"} == execution.statuses()


def test_a_disabled_fallback_passes_the_error_document_on() -> None:
    graph = plan("start > a > b; f", a={"on_error": {"fallback": "f"}}, f={"disabled": True})
    execution = run(graph, {"a": Fails()})

    assert input_of(execution.state, execution.step("b")) == DOCUMENT


def test_a_failure_after_the_end_of_all_is_not_handled() -> None:
    execution = Run(plan("start > a b; b > c", b={"on_error": "continue"}))
    execution.tell(StepSucceeded(("start", ""), 1))
    execution.tell(StepFailed(("a", ""), failure(Fails())))
    execution.tell(StepFailed(("b", ""), failure(Fails())))

    assert not execution.step("b").handled
    assert execution.statuses()["c"] == "cancelled"


def test_an_error_body_has_the_five_keys_of_the_contract() -> None:
    error = Permanent(reason="No such order.", error_code="not_found")

    assert body_of(error, node="a", attempt=2) == {
        "code": "not_found",
        "category": "bad_input",
        "message": "No such order.",
        "node": "a",
        "attempt": 2,
    }


def test_details_come_along_when_there_are_any() -> None:
    error = NodeTimedOut(node="a", seconds=30, details={"limit": 30})

    assert body_of(error)["details"] == {"limit": 30}
    assert body_of(error)["message"] == "a was still running after 30 s and was stopped."


def test_an_error_that_came_with_its_place_keeps_it() -> None:
    execution = Run(plan("start"))
    given = error_body(code="x", category=Category.BUG, message="m", node="inner", attempt=3)
    execution.tell(StepFailed(("start", ""), given))

    assert execution.step("start").error == given


def test_failures_in_a_row_do_not_nest_without_end() -> None:
    document: Any = None
    for _ in range(200):
        document = error_document(ERROR, document)

    depth = 0
    while document is not None:
        document, depth = document["input"], depth + 1
    assert depth < 64
