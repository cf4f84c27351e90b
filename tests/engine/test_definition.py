"""Each problem a definition can have, with its code and its place."""

from __future__ import annotations

from typing import Any

import pytest

from studio.kernel.errors import Invalid, Problem
from tests.engine.graphs import CATALOGUE, graph
from workflows.engine.definition import missing_trigger, validate
from workflows.engine.graph import compile_plan
from workflows.engine.kinds import KindSpec
from workflows.engine.schema import MAX_NODES, json_schema


def broken(document: Any) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in validate(document, CATALOGUE).broken]


def incomplete(document: Any) -> list[tuple[str, str]]:
    report = validate(document, CATALOGUE)
    assert report.broken == []
    return [(problem.pointer, problem.code) for problem in report.incomplete]


def node(node_id: str = "a", **given: Any) -> dict[str, Any]:
    return {"id": node_id, "kind": "test.step", **given}


def nodes(*given: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"schema": "studio/1", "nodes": list(given), "edges": [], **keys}


def settings(**given: Any) -> dict[str, Any]:
    return nodes(node(settings=given))


def test_a_sound_definition_has_no_problem() -> None:
    text = "start > h > each1; each1.item > x > y; each1.done > loop1; loop1.again > h; loop1.done > z; f; each1[x y]"

    assert validate(graph(text, z={"on_error": {"fallback": "f"}}), CATALOGUE).problems == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, [("", "wrong_type")]),
        ([], [("", "wrong_type")]),
        ({}, [("/nodes", "required")]),
        (nodes(node(), schema="studio/2"), [("/schema", "not_allowed")]),
        ({"nodes": {}}, [("/nodes", "wrong_type")]),
        ({"nodes": [1]}, [("/nodes/0", "wrong_type")]),
        ({"nodes": [{}]}, [("/nodes/0/id", "required"), ("/nodes/0/kind", "required")]),
        (nodes(node("A")), [("/nodes/0/id", "bad_format")]),
        (nodes(node("a" * 64)), [("/nodes/0/id", "bad_format")]),
        (nodes(node("a\n")), [("/nodes/0/id", "bad_format")]),
        (nodes(node(kind="step")), [("/nodes/0/kind", "bad_format"), ("/nodes/0/kind", "unknown_kind")]),
        (nodes(node(kind="test.other")), [("/nodes/0/kind", "unknown_kind")]),
        (nodes(node(name="n" * 201)), [("/nodes/0/name", "too_long")]),
        (nodes(node(params=[])), [("/nodes/0/params", "wrong_type")]),
        (nodes(node(position={"x": 1})), [("/nodes/0/position/y", "required")]),
        (nodes(node(), node()), [("/nodes/1/id", "duplicate_id")]),
        (nodes(node("in")), [("/nodes/0/id", "reserved_id")]),
        (nodes(node("true")), [("/nodes/0/id", "reserved_id")]),
        (nodes(node(parent="b")), [("/nodes/0/parent", "unknown_node")]),
        (nodes(node(parent="b"), node("b")), [("/nodes/0/parent", "parent_has_no_body")]),
        (nodes(node(), settings={"timeout": 0}), [("/settings/timeout", "out_of_range")]),
        (nodes(node(), settings={"timeout": float("inf")}), [("/settings/timeout", "out_of_range")]),
        (nodes(node(), settings={"max_iterations": 0}), [("/settings/max_iterations", "out_of_range")]),
        (nodes(node(), settings={"max_iterations": 1.5}), [("/settings/max_iterations", "wrong_type")]),
        (nodes(node(), settings={"max_iterations": True}), [("/settings/max_iterations", "wrong_type")]),
        (nodes(node(), settings={"on_failure": "panic"}), [("/settings/on_failure", "not_allowed")]),
        (nodes(node(), settings={"concurrency": {}}), [("/settings/concurrency/limit", "required")]),
        (settings(on_error="ignore"), [("/nodes/0/settings/on_error", "not_allowed")]),
        (settings(on_error=1), [("/nodes/0/settings/on_error", "wrong_type")]),
        (settings(on_error={}), [("/nodes/0/settings/on_error/fallback", "required")]),
        (settings(join="some"), [("/nodes/0/settings/join", "not_allowed")]),
        (settings(join={"at_least": 0}), [("/nodes/0/settings/join/at_least", "out_of_range")]),
        (settings(retry={"max_attempts": 1001}), [("/nodes/0/settings/retry/max_attempts", "out_of_range")]),
        (settings(retry={"base": -1}), [("/nodes/0/settings/retry/base", "out_of_range")]),
        (settings(retry={"rules": [{}]}), [("/nodes/0/settings/retry/rules/0/category", "required")]),
        (
            settings(retry={"rules": [{"category": ["weather"]}]}),
            [("/nodes/0/settings/retry/rules/0/category/0", "not_allowed")],
        ),
        (
            settings(for_each={"items": [], "limit": 0}),
            [("/nodes/0/settings/for_each/limit", "out_of_range")],
        ),
        (settings(disabled="yes"), [("/nodes/0/settings/disabled", "wrong_type")]),
        (nodes(node(), edges=[1]), [("/edges/0", "wrong_type")]),
        (nodes(node(), edges=[{"from": "a"}]), [("/edges/0/to", "required")]),
        (nodes(node(), edges=[{"from": "a", "to": "b"}]), [("/edges/0/to", "unknown_node")]),
        (nodes(node(), edges=[{"from": "c", "to": "a"}]), [("/edges/0/from", "unknown_node")]),
    ],
)
def test_broken_definitions_are_not_saved(document: Any, expected: list[tuple[str, str]]) -> None:
    assert broken(document) == expected


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        ("a > b; a > b", "/edges/1", "duplicate_edge"),
        ("start > a > b > a", "/edges/2", "back_edge_needs_branch"),
        ("start > a > a", "/edges/1", "back_edge_needs_branch"),
        ("start > a b; a > b; b > if1; if1.true > a", "/edges/4", "forbidden_cycle"),
        ("a > b > a", "/edges/1", "forbidden_cycle"),
    ],
)
def test_edges_that_make_no_graph_are_refused(text: str, pointer: str, code: str) -> None:
    assert (pointer, code) in broken(graph(text))


def test_a_cycle_of_parents_is_refused() -> None:
    document = graph("each1; each2; each1[each2]; each2[each1]")

    assert broken(document) == [("/nodes/0/parent", "parent_cycle"), ("/nodes/1/parent", "parent_cycle")]


def test_a_cycle_through_a_branch_is_a_loop() -> None:
    assert broken(graph("start > a > if1; if1.true > a; if1.false > z")) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (nodes(), [("/nodes", "no_nodes")]),
        (nodes(node(), colour="red"), [("/colour", "unknown_key")]),
        (nodes(node(colour="red")), [("/nodes/0/colour", "unknown_key")]),
        (nodes({**node(), "a/b~c": 1}), [("/nodes/0/a~1b~0c", "unknown_key")]),
        (settings(colour="red"), [("/nodes/0/settings/colour", "unknown_key")]),
        (settings(for_each={}), [("/nodes/0/settings/for_each/items", "required")]),
        (settings(on_error={"fallback": "b"}), [("/nodes/0/settings/on_error/fallback", "unknown_node")]),
        (settings(on_error={"fallback": "a"}), [("/nodes/0/settings/on_error/fallback", "fallback_unfit")]),
        (settings(on_error="branch"), [("/nodes/0/settings/on_error", "error_edge_missing")]),
    ],
)
def test_incomplete_definitions_are_drafts(document: Any, expected: list[tuple[str, str]]) -> None:
    assert incomplete(document) == expected


ON_FALLBACK = "/nodes/0/settings/on_error/fallback"


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("a.true > b", {}, [("/edges/0/port", "unknown_port")]),
        ("if1 > b", {}, [("/edges/0/port", "unknown_port")]),
        ("a.error > b", {}, [("/edges/0/port", "error_edge_unused")]),
        ("a > start", {}, [("/edges/0", "edge_into_trigger")]),
        ("each1; start; each1[start]", {}, [("/nodes/1/parent", "trigger_in_body")]),
        ("each1.item > a", {}, [("/edges/0", "edge_crosses_body")]),
        ("each1.done > a; each1[a]", {}, [("/edges/0", "edge_crosses_body")]),
        ("each1; a > b; each1[b]", {}, [("/edges/0", "edge_crosses_body")]),
        ("if1", {"if1": {"on_error": "continue"}}, [("/nodes/0/settings/on_error", "on_error_has_no_port")]),
        ("a > b", {"b": {"join": {"at_least": 2}}}, [("/nodes/1/settings/join/at_least", "join_impossible")]),
        ("start", {"start": {"for_each": {"items": []}}}, [("/nodes/0/settings/for_each", "for_each_unfit")]),
        ("if1", {"if1": {"for_each": {"items": []}}}, [("/nodes/0/settings/for_each", "for_each_unfit")]),
        ("each1", {"each1": {"for_each": {"items": []}}}, [("/nodes/0/settings/for_each", "for_each_unfit")]),
        ("a; start", {"a": {"on_error": {"fallback": "start"}}}, [(ON_FALLBACK, "fallback_unfit")]),
        ("a; each1; f; each1[f]", {"a": {"on_error": {"fallback": "f"}}}, [(ON_FALLBACK, "fallback_elsewhere")]),
        ("a; b > f", {"a": {"on_error": {"fallback": "f"}}}, [(ON_FALLBACK, "fallback_has_edges")]),
        (
            "a; b; f",
            {"a": {"on_error": {"fallback": "f"}}, "b": {"on_error": {"fallback": "f"}}},
            [(ON_FALLBACK, "fallback_shared"), ("/nodes/1/settings/on_error/fallback", "fallback_shared")],
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_blocks_running(
    text: str, given: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert incomplete(graph(text, **given)) == expected


def test_fallbacks_that_stand_for_each_other_are_found() -> None:
    document = graph("a; b", a={"on_error": {"fallback": "b"}}, b={"on_error": {"fallback": "a"}})

    assert {code for _, code in incomplete(document)} == {"fallback_cycle"}


def test_a_node_may_not_depend_on_its_own_fallback() -> None:
    document = graph("start > a; f > a", a={"on_error": {"fallback": "f"}})

    assert "fallback_cycle" in {code for _, code in incomplete(document)}


@pytest.mark.parametrize(("length", "codes"), [(8, set()), (9, {"too_many_fallbacks"})])
def test_a_chain_of_fallbacks_is_bounded(length: int, codes: set[str]) -> None:
    ids = [f"n{number}" for number in range(length + 1)]
    chain = {ids[number]: {"on_error": {"fallback": ids[number + 1]}} for number in range(length)}

    assert {code for _, code in incomplete(graph("; ".join(ids), **chain))} == codes


@pytest.mark.parametrize(("depth", "codes"), [(16, []), (17, ["nested_too_deep"])])
def test_bodies_nest_to_a_bound(depth: int, codes: list[str]) -> None:
    owners = [f"each{number}" for number in range(depth + 1)]
    text = "; ".join(
        [*owners, *(f"{owner}[each{number}]" for number, owner in enumerate(owners[:-1], start=1))]
    )

    assert [code for _, code in incomplete(graph(text))] == codes


@pytest.mark.parametrize(
    ("params", "pointer", "code"),
    [
        ({"x": "{{ nodes.nowhere }}"}, "/x", "unknown_node"),
        ({"x": "{{ nowhere }}"}, "/x", "unknown_name"),
        ({"x": "{{ item }}"}, "/x", "unknown_name"),
        ({"x": "{{ 1 | nothing }}"}, "/x", "unknown_function"),
        ({"x": "{{ 1 + }}"}, "/x", "expression_syntax"),
        ({"x": "{{ 1 "}, "/x", "expression_syntax"),
        ({"x": [{"y/z": "{{ nodes.b.y + nodes.c }}"}]}, "/x/0/y~1z", "unknown_node"),
        ({"x": "{{ nodes.inner }}"}, "/x", "unknown_node"),
    ],
)
def test_expressions_name_what_exists(params: dict[str, Any], pointer: str, code: str) -> None:
    document = graph("a > b; each1; inner; each1[inner]", a={"params": params})

    assert (f"/nodes/0/params{pointer}", code) in incomplete(document)


@pytest.mark.parametrize(
    "name", ["item", "index", "input", "trigger", "vars", "execution", "nodes.a", "nodes.each1"]
)
def test_inside_a_body_all_around_it_may_be_named(name: str) -> None:
    document = graph("a > each1; each1.item > x; each1[x]", x={"params": {"y": f"{{{{ {name} }}}}"}})

    assert incomplete(document) == []


def test_items_are_not_yet_known_where_the_list_is_made() -> None:
    document = settings(for_each={"items": "{{ item }}"})

    assert incomplete(document) == [("/nodes/0/settings/for_each/items", "unknown_name")]


def test_a_cache_key_is_checked_too() -> None:
    assert incomplete(settings(cache_key="{{ nothing }}")) == [
        ("/nodes/0/settings/cache_key", "unknown_name")
    ]


def test_the_kinds_own_problems_get_the_place_of_its_params() -> None:
    spec = KindSpec(kind="test.step", check_params=lambda _: [Problem("/url", "required", "Where to?")])

    class Picky:
        def spec(self, kind: str) -> KindSpec | None:
            return spec

    assert validate(nodes(node()), Picky()).incomplete == [
        Problem("/nodes/0/params/url", "required", "Where to?")
    ]


def test_only_templates_are_searched_for_expressions() -> None:
    class Plain:
        def spec(self, kind: str) -> KindSpec | None:
            return KindSpec(kind=kind, template_params=frozenset({"text"}))

    document = nodes(node(params={"code": "{{ nothing }}", "text": "{{ nothing }}"}))

    assert [problem.pointer for problem in validate(document, Plain()).problems] == ["/nodes/0/params/text"]


def test_all_problems_are_reported_at_once() -> None:
    document = nodes(node("A", colour=1), node(kind="test.other"), settings={"timeout": -1})

    assert len(validate(document, CATALOGUE).problems) == 4


def test_null_settings_are_as_good_as_none() -> None:
    document = nodes(
        node(name=None, params=None, settings=dict.fromkeys(("retry", "on_error", "join", "for_each")))
    )

    assert validate(document, CATALOGUE).problems == []


def test_lists_where_anything_goes_are_no_problem() -> None:
    document = nodes(node(settings={"for_each": {"items": [1, [2]]}}), notes=[1, {"x": []}])

    assert validate(document, CATALOGUE).problems == []


def test_too_many_nodes_are_one_problem() -> None:
    document = nodes(*(node(f"n{number}") for number in range(MAX_NODES + 1)))

    assert broken(document) == [("/nodes", "too_many")]


@pytest.mark.parametrize(
    ("text", "code"), [("a > b", "trigger_missing"), ("start > a", None), ("hook1 > a", None)]
)
def test_publishing_needs_a_trigger(text: str, code: str | None) -> None:
    found = missing_trigger(graph(text))

    assert (found and found.code) == code


def test_compiling_raises_every_problem() -> None:
    with pytest.raises(Invalid) as caught:
        compile_plan(graph("a.true > b; c.false > d"), CATALOGUE)

    assert [problem.pointer for problem in caught.value.problems] == ["/edges/0/port", "/edges/1/port"]


@pytest.mark.parametrize(
    ("text", "requested", "chosen"),
    [
        ("a", None, None),
        ("start > a", None, "start"),
        ("hook1 > a", None, "hook1"),
        ("start > a; hook1 > a", None, "start"),
        ("start > a; hook1 > a", "hook1", "hook1"),
        ("hook1 > a; hook2 > a", "hook2", "hook2"),
    ],
)
def test_an_execution_starts_at_one_trigger(text: str, requested: str | None, chosen: str | None) -> None:
    assert compile_plan(graph(text), CATALOGUE).trigger_for(requested) == chosen


@pytest.mark.parametrize(
    ("requested", "code"), [(None, "trigger_required"), ("a", "unknown_trigger"), ("no", "unknown_trigger")]
)
def test_which_trigger_must_be_clear(requested: str | None, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        compile_plan(graph("hook1 > a; hook2 > a"), CATALOGUE).trigger_for(requested)

    assert caught.value.error_code == code


def test_the_schema_is_a_copy_the_caller_may_change() -> None:
    json_schema()["properties"].clear()

    assert "nodes" in json_schema()["properties"]
