"""Tokens, precedence, and what is no expression."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.expressions.evaluate import SCOPE, mistake, same, value
from workflows.engine.expressions import (
    KEYWORDS,
    ROOTS,
    ExpressionError,
    ExpressionSyntaxError,
    check,
    parse_expression,
)
from workflows.engine.expressions.lexer import tokens


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1", 1), ("0", 0), ("1.5", 1.5), ("1e3", 1000.0), ("2E-2", 0.02), ("true", True), ("false", False),
        ("null", None), ('"a"', "a"), ("'a'", "a"), ('"it\'s"', "it's"), (r'"\n\t\\\""', '\n\t\\"'),
        (r'"\u00e9"', "é"), (r'"\ud83d\ude00"', "😀"), (r'"\u00e9\u00e8"', "éè"), ("[]", []), ("{}", {}),
        ("[1, [2], ]", [1, [2]]), ('{"a": 1, "b": {"c": null}, }', {"a": 1, "b": {"c": None}}),
        ('{("a" + "b"): 1}', {"ab": 1}), ("18446744073709551615", 2**64 - 1),
        (" \n 1 \t", 1),
    ],
)  # fmt: skip
def test_literals(source: str, expected: Any) -> None:
    assert same(value(source), expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 3 - 2", 5), ("2 * 3 % 4", 2), ("7 // 2 * 2", 6),
        ("-2 * 3", -6), ("- - 2", 2), ("-trigger.list[0]", -3), ("1 - -1", 2),
        ("1 + 1 == 2", True), ("1 < 2 < 3", True), ("1 < 2 > 3", False), ("3 > 2 == 2", True),
        ("not 1 == 2", True), ("not true or true", True), ("true or false and false", True),
        ("false and false or true", True), ("1 if true else 2", 1), ("1 if false else 2 if false else 3", 3),
        ("1 + 1 if true else 0", 2), ("0 or 5", 5), ("null and 5", None), ('"" or "x"', "x"),
        ("1 in [1, 2] and not 3 in [1]", True), ("3 not in [1, 2]", True), ("1 in [2] or 1 in [1]", True),
        ('"a" + "b" | upper', "AB"), ('"x" | upper == "X"', True), ('"b" in "abc" | upper', False),
        ("1 + 2 | text", "3"), ('[1, 2] | length | text', "2"), ("not [] | length", True),
        ("[x * 2 for x in trigger.list]", [6, 2, 4]), ("[x for x in [1, 2, 3] if x > 1]", [2, 3]),
        ("[[y for y in [x, x]] for x in [1, 2]]", [[1, 1], [2, 2]]), ("[item for item in [1]] + [item]", [1, "it"]),
        ("[x for x in [1, 2]][0]", 1),
    ],
)  # fmt: skip
def test_operators_bind_as_in_python(source: str, expected: Any) -> None:
    assert same(value(source), expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("trigger.a.b[2].c", "deep"), ('trigger["a"]["b"][0]', 10), ("trigger.list[-1]", 2),
        ("trigger.list[index]", 2), ("trigger.list[1:]", [1, 2]), ("trigger.list[::-1]", [2, 1, 3]),
        ("trigger.text[:2]", "hé"), ("trigger.text[1]", "é"), ('{"a": {"b": 1}}.a.b', 1), ("[1, 2][1]", 2),
        ("nodes.x.v", 1), ('nodes["x"].v', 1), ("trigger.in", None), ('{"if": 1}.if', 1),
        ("trigger.list[1.0]", 1), ("trigger.list[0:2:2]", [3]),
    ],
)  # fmt: skip
def test_paths_lead_into_values(source: str, expected: Any) -> None:
    assert same(value(source), expected)


@pytest.mark.parametrize(
    ("source", "at"),
    [
        ("", 0), ("   ", 0), ("1 +", 3), ("1 2", 2), ("a b", 2), ("(1", 2), ("[1", 2), ("{1", 2), ('{"a" 1}', 5),
        ("a.", 2), ("a.1", 2), ("a[", 2), ("a[]", 2), ("a(1)", 1), ("a.b(1)", 3), ("x | 1", 4), ("x |", 3),
        ("1 ** 2", 3), ("1 & 2", 2), ("~1", 0), ("a ^ b", 2), ("1 << 2", 3), ("a = 1", 2), ("a := 1", 3),
        ("lambda x: x", 7), ("a ? b : c", 2), ("a || b", 3), ("a && b", 2), ("!a", 0), ("# no", 0), ("`a`", 0),
        ('"open', 0), ("'open", 0), (r'"\q"', 1), (r'"\ud800"', 1), (r'"\u0000"', 1), ('f"x"', 1), ("1abc", 0),
        ("1_000", 0), (".5", 0), ("1.", 2), ("01x", 0), ("99999999999999999999999", 0), ("1e999", 0),
        ("a if b", 6), ("a else b", 2), ("[x for x in]", 11), ("[x for 1 in y]", 7), ("{x for x in y}", 3),
        ("not", 3), ("1 + not 2", 4), ("a \0", 2), ("a \ud800", 2), ("x | upper + 1", 10), ("*a", 0), ("a; b", 1),
        ("nodes", 0), ("nodes[0]", 0), ("nodes[x]", 0), ("x | upper(1, 2", 14), ("{'a': 1", 7), ("1,", 1),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused_at_its_place(source: str, at: int) -> None:
    assert mistake(source)[1] == at


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("1 +", "expression_syntax"),
        ("a" * 4097, "expression_too_long"),
        ("é" * 2049, "expression_too_long"),
        ("(" * 40 + "1" + ")" * 40, "expression_too_deep"),
        ("[" * 40 + "]" * 40, "expression_too_deep"),
        ("-" * 40 + "1", "expression_too_deep"),
        ("not " * 40 + "1", "expression_too_deep"),
        ("1 if 1 else " * 40 + "1", "expression_too_deep"),
        ("1 | nothing", "unknown_function"),
        ("1 | replace", "wrong_arguments"),
        ("1 | upper(1)", "wrong_arguments"),
    ],
)
def test_mistakes_have_codes(source: str, code: str) -> None:
    problems = check(source, roots=ROOTS, node_ids=frozenset())

    assert [problem.code for problem in problems] == [code]


def test_a_long_sum_is_not_deep() -> None:
    assert value(" + ".join(["1"] * 1_000)) == 1_000


def test_checking_finds_every_unknown_name_in_order() -> None:
    problems = check("nodes.a + nodes.b + foo + item | bar", roots=ROOTS - {"item"}, node_ids=frozenset("a"))

    assert [(problem.code, problem.offset) for problem in problems] == [
        ("unknown_node", 10), ("unknown_name", 20), ("unknown_name", 26), ("unknown_function", 33),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "meant"), [("True", "true"), ("None", "null"), ("undefined", "null"), ("AND", "and")]
)
def test_words_of_other_languages_get_a_hint(written: str, meant: str) -> None:
    problems = check(written, roots=ROOTS, node_ids=frozenset())

    assert problems[0].detail == f"There is no `{written}` here. Write `{meant}`."


def test_variables_of_for_are_no_roots() -> None:
    assert check("[x for x in trigger]", roots=ROOTS, node_ids=frozenset()) == []


def test_what_an_expression_uses_is_known_before_it_runs() -> None:
    parsed = parse_expression('nodes.a.b + trigger[nodes["c"].d] | default(vars.v)')

    assert parsed.roots_used == {"nodes", "trigger", "vars"}
    assert parsed.nodes_used == {"a", "c"}


def test_equal_sources_are_compiled_once() -> None:
    assert parse_expression("1 + 41") is parse_expression("1 + 41")


@given(st.text(max_size=60))
def test_any_text_parses_or_is_a_syntax_error(source: str) -> None:
    offset = 0
    try:
        parse_expression(source)
    except ExpressionSyntaxError as error:
        offset = error.offset
    assert 0 <= offset <= len(source)


_WORDS = [
    *sorted(KEYWORDS),
    *"()[]{}.,:|+-*/%<>",
    "//",
    "==",
    "1",
    "2.5",
    '"s"',
    "trigger",
    "x",
    "upper",
    "length",
]


@given(st.lists(st.sampled_from(_WORDS), max_size=12))
def test_any_words_evaluate_or_fail_as_they_should(words: list[str]) -> None:
    with contextlib.suppress(ExpressionSyntaxError, ExpressionError):
        value(" ".join(words), {**SCOPE, "x": [1, "a", None]})


@given(st.text(alphabet="ab1.\"' +-(", max_size=20))
def test_tokens_account_for_every_character(source: str) -> None:
    try:
        found = tokens(source)
    except ExpressionSyntaxError:
        return
    ends = [*(token.at for token in found[1:])]
    covered = "".join(source[token.at : end].strip() for token, end in zip(found, ends, strict=False))
    assert covered == source.replace(" ", "") or '"' in source or "'" in source
