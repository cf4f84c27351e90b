"""for_each, as a node with a body and as a setting of one node."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from tests.engine.graphs import plan
from tests.engine.runs import Fails, Retries, Run, To, Waits, failure, run
from workflows.engine.commands import Finish, RunStep
from workflows.engine.events import StepFailed, StepItems, StepSucceeded
from workflows.engine.plan import Plan
from workflows.engine.scope import input_of, scope_of, visit_of
from workflows.engine.steps import State, Step

BODY = "start > each1; each1.item > x > y; each1.done > z; each1[x y]"
MAP = "start > m > z"


def by_body(**params: Any) -> Plan:
    return plan(BODY, each1=params)


def by_setting(**given: Any) -> Plan:
    return plan(MAP, m={"for_each": {"items": [], **given}})


def items(count: int, **results: Any) -> Any:
    """The lists have that many items; results go by `id iteration` with `_` for blanks and `__` for dots."""
    named = {key.replace("__", ".").replace("_", " "): result for key, result in results.items()}

    def result(state: State, step: Step) -> Any:
        if step.spec.for_each is not None and step.fan is None:
            return [f"item {number}" for number in range(count)]
        place = f"{step.node} {step.iteration}".strip()
        return named.get(place, place)

    return result


def opened(graph: Plan, node: str, count: int) -> Run:
    """Up to the point where the list is known."""
    execution = Run(graph)
    execution.tell(StepSucceeded(("start", ""), 1))
    execution.tell(StepItems((node, ""), list(range(count))))
    return execution


def handed_out(execution: Run, node: str) -> list[str]:
    return [key for key in execution.ran if key.startswith(f"{node} ")]


def test_the_body_runs_once_for_each_item_and_yields_a_list_in_order() -> None:
    execution = run(by_body(), items(3))

    assert execution.step("each1").output == ["y each.0", "y each.1", "y each.2"]
    assert input_of(execution.state, execution.step("z")) == execution.step("each1").output
    assert handed_out(execution, "x") == ["x each.0", "x each.1", "x each.2"]


def test_one_node_repeated_by_its_settings_yields_the_same() -> None:
    execution = run(by_setting(), items(3))

    assert execution.step("m").output == ["m each.0", "m each.1", "m each.2"]
    assert execution.end == Finish("succeeded", "z", None)


@pytest.mark.parametrize("graph", [by_body(), by_setting()])
def test_an_empty_list_yields_an_empty_list(graph: Plan) -> None:
    execution = run(graph, items(0))

    assert execution.step("each1" if "each1" in graph.nodes else "m").output == []
    assert execution.step("z").status == "succeeded"


@pytest.mark.parametrize(("graph", "node"), [(by_body(limit=2), "each1"), (by_setting(limit=2), "m")])
def test_no_more_than_the_limit_are_open_at_once(graph: Plan, node: str) -> None:
    execution = opened(graph, node, 5)
    inner = "x" if node == "each1" else "m"

    assert handed_out(execution, inner) == [f"{inner} each.0", f"{inner} each.1"]


def test_ten_are_open_at_once_by_default() -> None:
    assert len(handed_out(opened(by_body(), "each1", 50), "x")) == 10


def test_the_limit_that_came_with_the_list_wins() -> None:
    execution = Run(by_body(limit=2))
    execution.tell(StepSucceeded(("start", ""), 1))
    execution.tell(StepItems(("each1", ""), [1, 2, 3, 4], limit=3))

    assert len(handed_out(execution, "x")) == 3


def test_the_next_item_opens_when_one_is_through() -> None:
    execution = opened(by_body(limit=1), "each1", 2)

    assert execution.tell(StepSucceeded(("x", "each.0"), 1)) == [RunStep(("y", "each.0"), 1)]
    assert execution.tell(StepSucceeded(("y", "each.0"), 1)) == [RunStep(("x", "each.1"), 1)]


def test_results_keep_the_order_of_the_items_whatever_ends_first() -> None:
    execution = opened(by_setting(), "m", 3)
    for index in (2, 0, 1):
        execution.tell(StepSucceeded(("m", f"each.{index}"), index * 10))

    assert execution.step("m").output == [0, 10, 20]


@pytest.mark.parametrize(
    ("body", "results", "expected"),
    [
        ("each1.item > x", {}, "x each.0"),
        ("each1.item > x y", {}, {"x": "x each.0", "y": "y each.0"}),
        ("each1.item > if1; if1.true > x; if1.false > y", {"if1_each__0": To("false")}, "y each.0"),
        ("each1.item > if1; if1.true > x", {"if1_each__0": To("false", "as it was")}, "as it was"),
        ("x > y", {}, "y each.0"),
    ],
)
def test_an_items_result_is_the_live_leaf_of_the_body(
    body: str, results: dict[str, Any], expected: Any
) -> None:
    inside = " ".join(node for node in ("x", "y", "if1") if node in body)
    graph = plan(f"start > each1; {body}; each1.done > z; each1[{inside}]")

    assert run(graph, items(1, **results)).step("each1").output == [expected]


def test_a_body_without_nodes_yields_nulls() -> None:
    assert run(plan("start > each1; each1.done > z"), items(2)).step("each1").output == [None, None]


def test_inside_a_body_item_and_index_are_those_of_the_innermost_list() -> None:
    graph = plan("start > each1; each1.item > each2; each2.item > x; each1[each2]; each2[x]")
    execution = run(graph, items(2))
    scope = scope_of(execution.state, execution.step("x", "each.1/each.0"))
    outer = scope_of(execution.state, execution.step("each2", "each.1"))

    assert (scope["item"], scope["index"]) == ("item 0", 0)
    assert (outer["item"], outer["index"]) == ("item 1", 1)
    assert scope["input"] == "item 0"


def test_a_node_repeated_by_itself_is_given_the_item() -> None:
    execution = run(by_setting(), items(2))
    scope = scope_of(execution.state, execution.step("m", "each.1"))

    assert (scope["item"], scope["index"], scope["input"]) == ("item 1", 1, "item 1")
    assert input_of(execution.state, execution.step("m")) == "start"


def test_inside_a_body_other_nodes_are_those_of_this_item() -> None:
    execution = run(by_body(), items(3))

    assert scope_of(execution.state, execution.step("y", "each.2"))["nodes"]["x"] == "x each.2"
    assert scope_of(execution.state, execution.step("y", "each.2"))["nodes"]["start"] == "start"


def test_from_outside_only_the_for_each_is_seen() -> None:
    execution = run(by_body(), items(1))
    nodes = scope_of(execution.state, execution.step("z"))["nodes"]

    assert nodes["each1"] == ["y each.0"]
    assert nodes["x"] is None
    assert sorted(nodes) == ["each1", "start", "z"]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("null", ["y each.0", None, "y each.2"]),
        (None, ["y each.0", None, "y each.2"]),
        (
            "collect",
            [
                "y each.0",
                {
                    "error": {
                        "code": "broken",
                        "category": "upstream",
                        "message": "It broke.",
                        "node": "x",
                        "attempt": 1,
                    },
                    "input": "item 1",
                },
                "y each.2",
            ],
        ),
    ],
)
def test_a_failed_item_leaves_null_or_its_error_in_its_place(mode: str | None, expected: list[Any]) -> None:
    execution = run(by_body(on_item_error=mode), items(3, x_each__1=Fails()))

    assert execution.step("each1").output == expected
    assert execution.step("x", "each.1").handled
    assert execution.statuses()["y each.1"] == "cancelled"
    assert execution.step("y", "each.1").reason == "item_failed"


@pytest.mark.parametrize(("mode", "expected"), [("null", [None, "m each.1"]), ("collect", "item 0")])
def test_the_same_holds_for_one_node(mode: str, expected: Any) -> None:
    execution = run(by_setting(on_item_error=mode), items(2, m_each__0=Fails()))
    output = execution.step("m").output

    assert output == expected if mode == "null" else output[0]["input"] == expected
    assert execution.step("m", "each.0").handled


@pytest.mark.parametrize(("graph", "node"), [(by_body(limit=1), "each1"), (by_setting(limit=1), "m")])
def test_a_failed_item_stops_the_list_by_default(graph: Plan, node: str) -> None:
    inner = "x" if node == "each1" else "m"
    execution = run(graph, items(3, **{f"{inner}_each__1": Fails()}))

    assert execution.step(node).status == "failed"
    assert f"{inner} each.2" not in execution.statuses()
    assert execution.end is not None
    assert execution.end.error == execution.step(node).error
    assert execution.statuses()["z"] == "cancelled"


@pytest.mark.parametrize(("graph", "node", "inner"), [(by_body(), "each1", "x"), (by_setting(), "m", "m")])
def test_when_an_item_fails_the_others_that_run_may_finish(graph: Plan, node: str, inner: str) -> None:
    execution = opened(graph, node, 3)
    execution.tell(StepFailed((inner, "each.1"), failure(Fails())))
    assert execution.step(node).status == "running"
    execution.tell(StepSucceeded((inner, "each.0"), 1))
    execution.tell(StepSucceeded((inner, "each.2"), 1))

    assert execution.step(node).status == "failed"
    assert execution.statuses()[f"{inner} each.0"] == "succeeded"


@pytest.mark.parametrize(
    ("on_error", "text", "status"),
    [
        ("continue", BODY, "succeeded"),
        ("branch", f"{BODY}; each1.error > e", "skipped"),
        ({"fallback": "f"}, f"{BODY}; f", "succeeded"),
    ],
)
def test_on_error_of_a_for_each_handles_its_failed_items(on_error: Any, text: str, status: str) -> None:
    graph = plan(text, each1={"on_error": on_error})
    execution = run(graph, items(2, x_each__0=Fails()))

    assert execution.end is not None
    assert execution.end.status == "succeeded"
    assert execution.step("each1").handled
    assert execution.step("z").status == status


def test_a_failure_handled_inside_a_body_is_no_failure_of_its_item() -> None:
    graph = plan(BODY, x={"on_error": "continue"})
    execution = run(graph, items(2, x_each__0=Fails()))

    assert execution.step("each1").output == ["y each.0", "y each.1"]


def test_items_are_retried_and_wait_one_by_one() -> None:
    results = {"m_each__0": Retries(2, "third try"), "m_each__1": Waits(5.0, "later")}

    assert run(by_setting(), items(2, **results)).step("m").output == ["third try", "later"]


def test_a_loop_inside_a_body_is_the_items_own() -> None:
    graph = plan("start > each1; each1.item > h > loop1; loop1.again > h; each1[h loop1]")

    def result(state: State, step: Step) -> Any:
        if step.node == "loop1":
            return To("again" if visit_of(state, step) < 2 else "done", step.iteration)
        return items(2)(state, step)

    assert run(graph, result).step("each1").output == ["each.0/loop.2", "each.1/loop.2"]


def test_a_for_each_inside_a_loop_begins_anew_in_each_visit() -> None:
    graph = plan("start > each1; each1.item > x; each1.done > loop1; loop1.again > each1; each1[x]")
    results: dict[str, Any] = {"each1": [1, 2], "loop1 loop.1": To("again"), "loop1": To("done")}
    execution = run(graph, results)

    assert handed_out(execution, "x") == [
        "x loop.1/each.0",
        "x loop.1/each.1",
        "x loop.2/each.0",
        "x loop.2/each.1",
    ]


def test_a_disabled_for_each_passes_its_input_on() -> None:
    execution = run(plan(BODY, each1={"disabled": True}), {"start": [1]})

    assert input_of(execution.state, execution.step("z")) == [1]
    assert "x each.0" not in execution.statuses()


def test_a_for_each_that_is_passed_by_opens_no_item() -> None:
    execution = run(plan("start > if1; if1.true > each1; each1.item > x; each1[x]"), {"if1": To("false")})

    assert {key[0] for key in execution.state.steps} == {"start", "if1", "each1"}


@pytest.mark.parametrize(
    "graph", [by_body(limit=50, on_item_error="null"), by_setting(limit=50, on_item_error="null")]
)
def test_the_work_for_ten_thousand_items_grows_with_their_number(graph: Plan) -> None:
    def result(state: State, step: Step) -> Any:
        if step.spec.for_each is not None and step.fan is None:
            return list(range(size))
        return Fails() if step.iteration.endswith("7") else step.iteration

    def calls() -> int:
        count = 0

        def note(_frame: FrameType, event: str, _arg: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(note)
        try:
            ended = run(graph, result).end
        finally:
            sys.setprofile(None)
        assert ended is not None
        return count

    size = 10_000
    large = calls()
    size = 1_000

    assert large < 11 * calls()
