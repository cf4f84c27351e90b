"""The part of a definition that one node needs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.graphs import CATALOGUE, graph
from tests.engine.runs import Fails, To, run
from tests.engine.strategies import Case, cases
from workflows.engine.excerpt import Excerpt
from workflows.engine.excerpt import excerpt as engine_excerpt
from workflows.engine.graph import compile_plan


def excerpt(document: dict[str, Any], node_id: str) -> Excerpt:
    return engine_excerpt(document, node_id, CATALOGUE)


def ids(found: Excerpt) -> str:
    return " ".join(sorted(node["id"] for node in found.document["nodes"]))


@pytest.mark.parametrize(
    ("text", "node", "kept"),
    [
        ("start > a > b > c", "b", "a b start"),
        ("start > a > b; start > c", "b", "a b start"),
        ("start > a b > j > c", "j", "a b j start"),
        ("start hook > a", "a", "a hook start"),
        ("start > a", "start", "start"),
        ("start > a > loop1 > b; loop1.again > a", "a", "a start"),
        ("start > a > loop1; loop1.again > a; loop1.done > b", "b", "a b loop1 start"),
        ("start > a > if1; if1.true > s; s > loop1; loop1.again > a; if1.false > b", "b", "a b if1 loop1 s start"),
        ("start > each1 > b; each1[x y]; each1.item > x > y", "x", "each1 start x"),
        ("start > each1; each1[x y]; each1.item > x > y; each1.done > b", "b", "b each1 start x y"),
        ("start > each1; each1[x y]; each1.item > x > y; each1.done > b", "each1", "each1 start x y"),
    ],
)  # fmt: skip
def test_a_node_needs_itself_and_what_leads_to_it(text: str, node: str, kept: str) -> None:
    text = text.replace("loop1 > b", "loop1; loop1.done > b").replace("each1 > b", "each1; each1.done > b")

    assert ids(excerpt(graph(text), node)) == kept


def test_what_its_expressions_name_is_needed_too() -> None:
    document = graph("start > a > b; start > c > d", b={"params": {"x": "{{ nodes.c.n }}"}})

    assert ids(excerpt(document, "b")) == "a b c start"


def test_a_fallback_stands_for_what_leads_to_the_node_but_not_for_the_node() -> None:
    given = {"on_error": {"fallback": "rescue"}}

    assert ids(excerpt(graph("start > a > b; rescue", a=given), "b")) == "a b rescue start"
    assert ids(excerpt(graph("start > a > b; rescue", b=given), "b")) == "a b start"
    assert ids(excerpt(graph("start > a; rescue > b", a=given), "b")) == "a b rescue start"


def test_an_error_branch_that_is_cut_off_stops_the_run() -> None:
    document = graph("start > a > b; a.error > c", a={"on_error": "branch"})
    cut = compile_plan(excerpt(document, "b").document, CATALOGUE)
    kept = compile_plan(excerpt(document, "c").document, CATALOGUE)

    assert run(cut, {"a": Fails()}).statuses() == {"start": "succeeded", "a": "failed", "b": "cancelled"}
    assert run(kept, {"a": Fails()}).ran == ["start", "a", "c"]


def test_pointers_lead_back_to_the_whole_document() -> None:
    found = excerpt(graph("start > a; start > b > c"), "c")

    assert found.pointer("/nodes/1/params/url") == "/nodes/2/params/url"
    assert found.pointer("/edges/0/from") == "/edges/1/from"
    assert found.pointer("/settings/timeout") == "/settings/timeout"


def test_the_first_visit_is_the_last() -> None:
    document = graph("start > a > loop1; loop1.again > a", loop1={"on_error": "continue"})
    found = run(compile_plan(excerpt(document, "loop1").document, CATALOGUE), {"loop1": To("again", 1)})

    assert found.ran == ["start", "a", "loop1"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.integers(0, 100))
def test_an_excerpt_of_any_graph_can_run_and_ends_with_the_node(case: Case, which: int) -> None:
    node: Any = list(case.plan.nodes)[which % len(case.plan.nodes)]
    plan = compile_plan(excerpt(case.definition, node).document, CATALOGUE)
    ended = run(plan, case.result, trigger={"x": 1})

    assert ended.end is not None
    assert not plan.nodes[node].edges
