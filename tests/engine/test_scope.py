"""The names that expressions see."""

from __future__ import annotations

from typing import Any

from tests.engine.graphs import plan
from tests.engine.runs import Fails, Hangs, Run, To, run
from workflows.engine.expressions import compile_value
from workflows.engine.scope import scope_of


def seen(execution: Run, node: str, source: str, iteration: str = "") -> Any:
    return compile_value(source).render(scope_of(execution.state, execution.step(node, iteration)))


def test_all_roots_are_there() -> None:
    execution = run(plan("start > a"), {"start": {"n": 2}}, trigger={"n": 1})

    assert seen(execution, "a", "{{ [trigger.n, input.n, nodes.start.n, vars.v, execution.id] }}") == [
        1,
        2,
        2,
        1,
        "e1",
    ]


def test_item_and_index_are_null_outside_a_for_each() -> None:
    execution = run(plan("start > a"))
    scope = scope_of(execution.state, execution.step("a"))

    assert "item" not in scope
    assert sorted(scope) == ["execution", "input", "nodes", "trigger", "vars"]
    assert len(scope) == 5


def test_item_and_index_are_there_inside_one() -> None:
    execution = run(plan("start > m", m={"for_each": {"items": []}}), {"m": ["a"]})
    scope = scope_of(execution.state, execution.step("m", "each.0"))

    assert sorted(scope) == ["execution", "index", "input", "item", "nodes", "trigger", "vars"]
    assert len(scope) == 7
    assert dict(scope)["item"] == "a"


def test_a_node_that_was_skipped_or_has_not_run_is_null() -> None:
    execution = run(
        plan("start > if1; if1.true > a; if1.false > b > c; b > d"), {"if1": To("false"), "c": Hangs()}
    )

    assert seen(execution, "d", "{{ nodes.a }}") is None
    assert seen(execution, "d", "{{ nodes.a.b.c }}") is None
    assert seen(execution, "d", "{{ nodes.c }}") is None
    assert seen(execution, "d", "{{ nodes.b }}") == "b"


def test_a_node_sees_nothing_of_itself_while_it_runs() -> None:
    execution = run(plan("start > a"), {"a": Hangs()})

    assert seen(execution, "a", "{{ nodes.a }}") is None


def test_a_disabled_node_is_null_to_expressions() -> None:
    execution = run(plan("start > a > b", a={"disabled": True}), {"start": 5})

    assert seen(execution, "b", "{{ [input, nodes.a] }}") == [5, None]


def test_a_handled_failure_yields_its_error_document() -> None:
    execution = run(plan("start > a > b", a={"on_error": "continue"}), {"a": Fails()})

    assert seen(execution, "b", "{{ [nodes.a.error.code, input.error.node] }}") == ["broken", "a"]


def test_a_rescued_node_yields_what_its_fallback_gave() -> None:
    execution = run(plan("start > a > b; f", a={"on_error": {"fallback": "f"}}), {"a": Fails(), "f": 7})

    assert seen(execution, "b", "{{ nodes.a }}") == 7


def test_nodes_are_listed_as_far_as_they_can_be_seen() -> None:
    execution = run(plan("start > each1; each1.item > x; each1.done > z; each1[x]"), {"each1": [1]})
    nodes = scope_of(execution.state, execution.step("x", "each.0"))["nodes"]

    assert list(nodes) == ["start", "each1", "x", "z"]
    assert len(nodes) == 4
    assert nodes.get("nowhere", "default") == "default"


def test_an_input_is_worked_out_once() -> None:
    execution = run(plan("start > a b > c"))
    scope = scope_of(execution.state, execution.step("c"))

    assert scope["input"] is scope["input"]


def test_a_body_reads_the_loop_around_it_in_its_own_visit() -> None:
    graph = plan("start > h > each1; each1.item > x; each1.done > loop1; loop1.again > h; each1[x]")
    results: dict[str, Any] = {
        "h loop.1": "one", "h loop.2": "two", "each1": [0], "loop1 loop.1": To("again"), "loop1": To("done"),
    }  # fmt: skip
    execution = run(graph, results)

    assert seen(execution, "x", "{{ nodes.h }}", "loop.1/each.0") == "one"
    assert seen(execution, "x", "{{ nodes.h }}", "loop.2/each.0") == "two"


def test_nothing_is_looked_up_before_it_is_asked_for() -> None:
    execution = run(plan("start > a"))
    execution.state.steps.pop(("start", ""))

    assert seen(execution, "a", "{{ vars.v }}") == 1
