"""Back edges: visits, what is seen of earlier ones, ways out, bounds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.graphs import plan
from tests.engine.runs import Fails, Run, To, run
from workflows.engine.commands import RunStep
from workflows.engine.events import StepSucceeded
from workflows.engine.scope import input_of, scope_of, visit_of
from workflows.engine.steps import State, Step

SIMPLE = "start > h > loop1; loop1.again > h; loop1.done > z"
NESTED = "start > h > g > loop1; loop1.again > g; loop1.done > loop2; loop2.again > h; loop2.done > z"
WAY_OUT = "start > h > if1; if1.true > out loop1; if1.false > loop1; loop1.again > h"


def turns(**times: int) -> Any:
    """Loops go round as often as named; other steps yield their place."""

    def result(state: State, step: Step) -> Any:
        if step.node in times:
            return To("again" if visit_of(state, step) < times[step.node] else "done", step.iteration)
        return f"{step.node} {step.iteration}".strip()

    return result


def test_each_visit_is_a_step_of_its_own() -> None:
    execution = run(plan(SIMPLE), turns(loop1=3))

    assert execution.ran == [
        "start", "h loop.1", "loop1 loop.1", "h loop.2", "loop1 loop.2", "h loop.3", "loop1 loop.3", "z",
    ]  # fmt: skip


def test_a_loop_that_goes_round_once_has_one_visit() -> None:
    assert "h loop.2" not in run(plan(SIMPLE), turns(loop1=1)).statuses()


def test_loops_nest_and_the_inner_one_begins_anew_each_time() -> None:
    execution = run(plan(NESTED), turns(loop1=2, loop2=2))

    assert [one for one in execution.ran if one.startswith("g")] == [
        "g loop.1/loop.1", "g loop.1/loop.2", "g loop.2/loop.1", "g loop.2/loop.2",
    ]  # fmt: skip


def test_an_edge_may_lead_back_over_an_inner_loop() -> None:
    graph = plan("start > h > g > if1; if1.true > loop1; loop1.again > g; loop1.done > z; if1.false > h")
    results = {
        "if1 loop.1/loop.1": To("true"),
        "loop1 loop.1/loop.1": To("again"),
        "if1 loop.1/loop.2": To("false"),
        "if1": To("true"),
        "loop1": To("done"),
    }

    assert run(graph, results).ran == [
        "start", "h loop.1", "g loop.1/loop.1", "if1 loop.1/loop.1", "loop1 loop.1/loop.1", "g loop.1/loop.2",
        "if1 loop.1/loop.2", "h loop.2", "g loop.2/loop.1", "if1 loop.2/loop.1", "loop1 loop.2/loop.1", "z",
    ]  # fmt: skip


def test_back_edges_take_no_part_in_joins_or_inputs() -> None:
    execution = run(plan(SIMPLE), turns(loop1=3))

    assert input_of(execution.state, execution.step("h", "loop.1")) == "start"
    assert input_of(execution.state, execution.step("h", "loop.3")) == "start"


def test_a_way_out_carries_what_the_last_live_visit_sent() -> None:
    execution = run(plan(SIMPLE), turns(loop1=3))

    assert input_of(execution.state, execution.step("z")) == "loop.3"


def test_a_way_out_taken_in_an_earlier_visit_stays_live() -> None:
    results = {
        "if1 loop.1": To("true", "first"),
        "loop1 loop.1": To("again"),
        "if1": To("false"),
        "loop1": To("done"),
    }
    execution = run(plan(WAY_OUT), results)

    assert input_of(execution.state, execution.step("out")) == "first"


def test_a_way_out_that_was_never_live_is_dead() -> None:
    assert run(plan(WAY_OUT), {"if1": To("false"), "loop1": To("done")}).step("out").status == "skipped"


def test_a_loop_on_a_dead_path_is_passed_by_in_one_visit() -> None:
    graph = plan("start > if0; if0.true > h > loop1; loop1.again > h; loop1.done > z")
    execution = run(graph, {"if0": To("false")})

    expected = {
        "start": "succeeded",
        "if0": "succeeded",
        "h loop.1": "skipped",
        "loop1 loop.1": "skipped",
        "z": "skipped",
    }
    assert execution.statuses() == expected


def test_the_next_visit_waits_for_all_of_this_one() -> None:
    execution = Run(plan("start > h > a loop1; loop1.again > h; a > loop2; loop2.again > h"))
    for key in (("start", ""), ("h", "loop.1")):
        execution.tell(StepSucceeded(key, 1))
    assert execution.tell(StepSucceeded(("loop1", "loop.1"), 1, "again")) == []
    execution.tell(StepSucceeded(("a", "loop.1"), 1))

    assert execution.tell(StepSucceeded(("loop2", "loop.1"), 1, "done")) == [RunStep(("h", "loop.2"), 1)]


def test_one_node_sees_the_latest_visit_of_another() -> None:
    execution = run(plan("start > h > loop1; loop1.again > h; loop1.done > z; start > y"), turns(loop1=3))
    state = execution.state

    def seen(node: str, iteration: str, other: str) -> Any:
        return scope_of(state, execution.step(node, iteration))["nodes"][other]

    assert seen("loop1", "loop.2", "h") == "h loop.2"
    assert seen("z", "", "h") == "h loop.3"
    assert seen("z", "", "start") == "start"


def test_a_node_sees_its_own_last_visit_until_this_one_is_final() -> None:
    seen: list[Any] = []

    def result(state: State, step: Step) -> Any:
        if step.node == "h":
            nodes = scope_of(state, step)["nodes"]
            seen.append((nodes["h"], nodes["loop1"]))
        return turns(loop1=3)(state, step)

    run(plan(SIMPLE), result)

    assert seen == [(None, None), ("h loop.1", "loop.1"), ("h loop.2", "loop.2")]


def test_a_node_that_was_skipped_in_the_latest_visit_is_null() -> None:
    graph = plan("start > h > if1; if1.true > a > loop1; if1.false > loop1; loop1.again > h; loop1.done > z")
    results = {"if1 loop.1": To("true"), "if1": To("false"), "loop1 loop.1": To("again"), "loop1": To("done")}
    execution = run(graph, results)

    assert scope_of(execution.state, execution.step("loop1", "loop.1"))["nodes"]["a"] == "a"
    assert scope_of(execution.state, execution.step("z"))["nodes"]["a"] is None


@pytest.mark.parametrize(("most", "status"), [(2, "failed"), (3, "succeeded")])
def test_a_loop_ends_at_max_iterations(most: int, status: str) -> None:
    execution = run(plan(SIMPLE, workflow={"max_iterations": most}), turns(loop1=3))

    assert execution.end is not None
    assert execution.end.status == status


def test_the_error_of_an_endless_loop_names_its_first_node() -> None:
    execution = run(plan(SIMPLE, workflow={"max_iterations": 2}), {"loop1": To("again")})

    assert execution.end is not None
    assert execution.end.error == {
        "code": "max_iterations_reached",
        "category": "quota",
        "message": "The loop at h did not end within 2 visits.",
        "node": "h",
        "attempt": 1,
    }
    assert execution.statuses()["z"] == "cancelled"


def test_a_failure_inside_a_loop_ends_the_execution() -> None:
    execution = run(plan(SIMPLE), {"h loop.2": Fails(), "loop1": To("again")})

    assert execution.statuses() | {"loop1 loop.2": "cancelled", "z": "cancelled"} == execution.statuses()
    assert execution.end is not None
    assert execution.end.status == "failed"


def test_a_loop_that_was_not_reached_is_cancelled_as_one_visit() -> None:
    execution = run(
        plan("start > a > h > g > loop1; loop1.again > g; loop1.done > loop2; loop2.again > h"),
        {"a": Fails()},
    )

    assert {"h loop.1", "g loop.1/loop.1", "loop1 loop.1/loop.1"} <= {
        key for key, status in execution.statuses().items() if status == "cancelled"
    }


def test_a_fallback_in_a_loop_runs_in_its_visit() -> None:
    graph = plan(
        "start > h > a > loop1; loop1.again > h; loop1.done > z; f", a={"on_error": {"fallback": "f"}}
    )
    results = {
        "a loop.2": Fails(),
        "loop1 loop.1": To("again"),
        "loop1 loop.2": To("again"),
        "loop1": To("done"),
    }
    execution = run(graph, results)

    expected = {"f loop.1": "skipped", "f loop.2": "succeeded", "f loop.3": "skipped"}
    assert expected.items() <= execution.statuses().items()


def test_visits_are_counted_by_the_loop_that_a_node_leads_back_to() -> None:
    execution = run(plan(NESTED), turns(loop1=2, loop2=2))
    state = execution.state

    assert visit_of(state, execution.step("start")) == 1
    assert visit_of(state, execution.step("loop1", "loop.2/loop.1")) == 1
    assert visit_of(state, execution.step("loop2", "loop.2")) == 2


def test_thousands_of_visits_cost_no_recursion() -> None:
    execution = run(plan(SIMPLE, workflow={"max_iterations": 5_000}), turns(loop1=3_000))

    assert execution.step("h", "loop.3000").status == "succeeded"
