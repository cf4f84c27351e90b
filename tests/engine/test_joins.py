"""When a node starts, when it is passed by, and what it is given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.graphs import plan
from tests.engine.runs import Fails, Run, To, run
from workflows.engine.commands import Finish, RunStep
from workflows.engine.events import StepStarted, StepSucceeded
from workflows.engine.scope import input_of

TRUE, FALSE = To("true", "yes"), To("false", "no")


def test_independent_branches_are_handed_out_together() -> None:
    execution = Run(plan("start > a b c > d"))
    execution.tell(StepStarted(("start", "")))

    commands = execution.tell(StepSucceeded(("start", ""), 1))

    assert commands == [RunStep(("a", ""), 1), RunStep(("b", ""), 1), RunStep(("c", ""), 1)]


def test_a_command_is_handed_out_once() -> None:
    execution = Run(plan("start > a"))

    assert execution.log == [RunStep(("start", ""), 1)]
    assert execution.look() == []


@pytest.mark.parametrize(
    ("text", "results", "expected"),
    [
        ("start > if1; if1.true > b; if1.false > c; b c > d", {"if1": TRUE}, {"b": "succeeded", "c": "skipped"}),
        ("start > if1; if1.true > b; if1.false > c; b c > d", {"if1": FALSE}, {"b": "skipped", "c": "succeeded"}),
        ("start > if1; if1.true > b > c > d", {"if1": FALSE}, {"b": "skipped", "c": "skipped", "d": "skipped"}),
        ("start > if1; if1.false > d; if1.true > b > d", {"if1": FALSE}, {"b": "skipped"}),
        ("start > if1; if1.true > b > d; start > d", {"if1": FALSE}, {"b": "skipped", "d": "succeeded"}),
        ("start > if1; if1.true > if2; if2.true > a; if2.false > b", {"if1": FALSE}, {"b": "skipped"}),
        ("start > if1; if1.true if1.false > d", {"if1": TRUE}, {"d": "succeeded"}),
    ],
)  # fmt: skip
def test_dead_paths_hold_nothing_up(text: str, results: dict[str, Any], expected: dict[str, str]) -> None:
    execution = run(plan(text), results)

    assert execution.end is not None
    assert expected.items() <= execution.statuses().items()


def test_a_step_on_a_dead_path_says_so() -> None:
    execution = run(plan("start > if1; if1.true > b"), {"if1": FALSE})

    assert execution.step("b").reason == "dead_path"
    assert execution.step("b").port is None


@pytest.mark.parametrize(
    ("join", "live", "status"),
    [
        ("all", (True, True, True), "succeeded"),
        ("all", (True, False, False), "succeeded"),
        ("all", (False, False, False), "skipped"),
        ("any", (False, False, True), "succeeded"),
        ("any", (False, False, False), "skipped"),
        ({"at_least": 2}, (True, False, True), "succeeded"),
        ({"at_least": 2}, (True, False, False), "skipped"),
        ({"at_least": 3}, (True, True, True), "succeeded"),
        ({"at_least": 3}, (True, True, False), "skipped"),
    ],
)
def test_a_join_counts_live_edges(join: Any, live: tuple[bool, ...], status: str) -> None:
    graph = plan("start > if1 if2 if3; if1.true if2.true if3.true > d", d={"join": join})
    results = {f"if{number}": TRUE if one else FALSE for number, one in enumerate(live, start=1)}

    assert run(graph, results).step("d").status == status


@pytest.mark.parametrize(("join", "enough"), [("any", 1), ({"at_least": 2}, 2), ("all", 3)])
def test_a_join_starts_as_soon_as_enough_is_there_and_once_only(join: Any, enough: int) -> None:
    execution = Run(plan("start > a b c > d", d={"join": join}))
    execution.tell(StepSucceeded(("start", ""), 1))
    started = [execution.tell(StepSucceeded((node, ""), node)) for node in "abc"]

    expected: list[list[Any]] = [[], [], []]
    expected[enough - 1] = [RunStep(("d", ""), 1)]
    assert started == expected


def test_an_any_join_sees_only_what_had_come_in_when_it_started() -> None:
    execution = Run(plan("start > a b > d", d={"join": "any"}))
    execution.tell(StepSucceeded(("start", ""), 1))
    execution.tell(StepSucceeded(("b", ""), "B"))
    execution.tell(StepSucceeded(("a", ""), "A"))

    assert input_of(execution.state, execution.step("d")) == {"b": "B"}


@pytest.mark.parametrize(
    ("text", "results", "expected"),
    [
        ("start > a > d", {}, "a"),
        ("start > a b > d", {}, {"a": "a", "b": "b"}),
        ("start > if1; if1.true > a; if1.false > b; a b > d", {"if1": TRUE}, {"a": "a"}),
        ("start > if1; if1.true if1.false > d", {"if1": TRUE}, "yes"),
        ("start > if1; if1.true > a > d; if1.false > d", {"if1": FALSE}, {"if1": "no"}),
        ("start > if1; if1.true > a > d; if1.false > d", {"if1": TRUE}, {"a": "a"}),
    ],
)
def test_the_shape_of_an_input_follows_from_the_graph(
    text: str, results: dict[str, Any], expected: Any
) -> None:
    execution = run(plan(text), results)

    assert input_of(execution.state, execution.step("d")) == expected


def test_every_root_is_given_the_trigger() -> None:
    execution = run(plan("a > b; c"), trigger={"n": 1})

    assert input_of(execution.state, execution.step("a")) == {"n": 1}
    assert input_of(execution.state, execution.step("c")) == {"n": 1}


def test_the_edges_of_the_other_triggers_are_dead() -> None:
    graph = plan("start > a; hook1 > b; start hook1 > c")
    execution = run(graph, trigger_node="hook1")

    assert execution.ran == ["hook1", "b", "c"]
    assert execution.statuses()["start"] == execution.statuses()["a"] == "skipped"
    assert input_of(execution.state, execution.step("c")) == {"hook1": "hook1"}


def test_a_disabled_node_is_skipped_and_passes_its_input_on() -> None:
    execution = run(plan("start > a > b > c", b={"disabled": True}), {"a": {"n": 1}})

    step = execution.step("b")
    assert (step.status, step.reason) == ("skipped", "disabled")
    assert "b" not in execution.ran
    assert input_of(execution.state, execution.step("c")) == {"n": 1}


def test_a_disabled_node_on_a_dead_path_is_dead() -> None:
    execution = run(plan("start > if1; if1.true > b > c", b={"disabled": True}), {"if1": FALSE})

    assert execution.step("b").reason == execution.step("c").reason == "dead_path"


@pytest.mark.parametrize(
    ("text", "results", "output"),
    [
        ("start > a", {"a": {"n": 1}}, {"n": 1}),
        ("start > a b", {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        ("start > if1; if1.true > a; if1.false > b", {"if1": TRUE}, "a"),
        ("start > if1; if1.true > a", {"if1": FALSE}, "no"),
        ("start > if1; if1.true > a", {"if1": TRUE}, "a"),
        ("start > a > say > b", {"say": {"status": 200, "headers": {}, "body": {"ok": True}}}, {"ok": True}),
        ("start > say > say2", {"say": {"body": 1}, "say2": {"body": 2}}, 2),
        ("start > a b", {"a": None, "b": None}, {"a": None, "b": None}),
        ("start", {"start": "given"}, "given"),
    ],
)
def test_the_output_is_the_answer_or_what_the_live_leaves_yield(
    text: str, results: dict[str, Any], output: Any
) -> None:
    assert run(plan(text), results).end == Finish("succeeded", output, None)


def test_a_disabled_leaf_yields_what_it_passes_on() -> None:
    assert run(plan("start > a > b", b={"disabled": True}), {"a": 7}).end == Finish("succeeded", 7, None)


def test_a_failed_execution_yields_the_answer_given_before_and_no_leaf() -> None:
    answered = run(plan("start > say > b"), {"say": {"body": "soon"}, "b": Fails()}).end
    silent = run(plan("start > a > b"), {"b": Fails()}).end

    assert answered is not None
    assert answered.output == "soon"
    assert silent is not None
    assert silent.output is None


def test_a_long_dead_path_costs_no_recursion() -> None:
    ids = [f"n{number}" for number in range(900)]

    execution = run(plan("start > if1; if1.true > " + " > ".join(ids)), {"if1": FALSE})

    assert execution.step("n899").status == "skipped"
