"""Values with expressions in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.expressions.evaluate import SCOPE, same
from workflows.engine.expressions import (
    ROOTS,
    ExpressionError,
    ExpressionSyntaxError,
    check_value,
    compile_value,
    to_text,
)


def rendered(given_value: Any) -> Any:
    return compile_value(given_value).render(SCOPE)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ input.n }}", 5), ("  {{ input.n }}\n", 5), ("{{input.f}}", 2.5), ("{{ trigger.list }}", [3, 1, 2]),
        ("{{ null }}", None), ("{{ trigger.yes }}", True), ("n={{ input.n }}", "n=5"),
        ("{{ input.n }}{{ input.n }}", "55"), ("{{ null }}.", "."), ("<{{ true }}>", "<true>"), ("{{ 2.0 }}!", "2!"),
        ("{{ 2.5 }}!", "2.5!"), ("{{ 1e300 * 10 }}!", "1e+301!"), ("{{ [1, null, 'é'] }}!", '[1,null,"é"]!'),
        ("{{ {'a': 1.0} }}!", '{"a":1.0}!'), ('{{ "{{" }}', "{{"), ('a {{ "{{ x }}" }} b', "a {{ x }} b"),
        ("{{ '}}' }}", "}}"), ('{{ {"a": {"b": 1}} }}', {"a": {"b": 1}}), ("no braces }} {", "no braces }} {"),
        ("", ""), ("{ {", "{ {"),
    ],
)  # fmt: skip
def test_text_with_expressions(template: str, expected: Any) -> None:
    assert same(rendered(template), expected)


def test_expressions_are_found_at_any_depth_but_not_in_keys() -> None:
    given_value = {"{{ input.n }}": ["{{ input.n }}", {"a": "x{{ index }}"}], "n": 1, "z": None}

    assert rendered(given_value) == {"{{ input.n }}": [5, {"a": "x2"}], "n": 1, "z": None}


def test_what_an_expression_yields_is_not_evaluated_again() -> None:
    assert compile_value("{{ trigger }}").render({"trigger": "{{ vars }}"}) == "{{ vars }}"
    assert compile_value("a{{ trigger }}").render({"trigger": "{{ vars }}"}) == "a{{ vars }}"


@pytest.mark.parametrize("given_value", ["plain", 1, None, [1, {"a": "b"}], {"a": ["b"]}])
def test_values_without_expressions_are_kept_as_they_are(given_value: Any) -> None:
    compiled = compile_value(given_value)

    assert compiled.is_static
    assert compiled.render({}) is given_value


def test_what_a_value_uses_is_known_before_it_is_rendered() -> None:
    compiled = compile_value({"a": "{{ nodes.x.v }} {{ trigger }}", "b": ["{{ vars.v }}"]})

    assert compiled.roots_used == {"nodes", "trigger", "vars"}
    assert compiled.nodes_used == {"x"}


@pytest.mark.parametrize(
    ("template", "at"),
    [("{{ 1", 0), ("a {{ 'x }}", 5), ("ab {{ 1 + }}", 10), ("{{ }}", 2), ("{{ {{ 1 }} }}", 8)],
)
def test_what_cannot_be_compiled_is_refused_at_its_place(template: str, at: int) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_value(template)

    assert caught.value.offset == at


def test_an_error_while_rendering_names_the_text_and_the_place_in_it() -> None:
    with pytest.raises(ExpressionError) as caught:
        rendered({"a": [{"b/c": "12 {{ 1 / 0 }}"}]})

    assert (caught.value.pointer, caught.value.offset) == ("/a/0/b~1c", 8)


def test_many_small_texts_cannot_make_a_large_value() -> None:
    scope = {"trigger": "a" * 1_000_000}

    with pytest.raises(ExpressionError):
        compile_value(["{{ trigger }}"] * 20).render(scope)


def test_one_text_of_many_expressions_is_bounded_too() -> None:
    with pytest.raises(ExpressionError):
        compile_value("{{ trigger }}{{ trigger }}").render({"trigger": "a" * 600_000})


def test_checking_finds_all_problems_with_their_pointers() -> None:
    problems = check_value(
        {"a": ["{{ x }}", "{{ 1 + }}"], "b": "{{ nodes.q }}", "c": 1},
        roots=ROOTS,
        node_ids=frozenset(),
        pointer="/p",
    )

    assert [(place, problem.code) for place, problem in problems] == [
        ("/p/a/0", "unknown_name"), ("/p/a/1", "expression_syntax"), ("/p/b", "unknown_node"),
    ]  # fmt: skip


def test_values_nested_without_end_are_refused() -> None:
    deep: Any = "{{ 1 }}"
    for _ in range(500):
        deep = [deep]

    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_value(deep)
    assert caught.value.code == "value_too_deep"
    assert [problem.code for _, problem in check_value(deep, roots=ROOTS, node_ids=frozenset())] == [
        "value_too_deep"
    ]


@given(st.text(max_size=80))
def test_any_text_is_a_template_or_a_mistake(template: str) -> None:
    try:
        compiled = compile_value(template)
    except ExpressionSyntaxError:
        assert "{{" in template
    else:
        assert "{{" in template or compiled.render({}) == template


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(alphabet="ab{é\n", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(_json)
def test_a_lone_expression_keeps_any_value(held: Any) -> None:
    assert same(compile_value("{{ trigger }}").render({"trigger": held}), held)


@given(_json)
def test_any_value_has_a_text(held: Any) -> None:
    assert compile_value("-{{ trigger }}").render({"trigger": held}) == f"-{to_text(held)}"
