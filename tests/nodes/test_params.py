"""Params as written and as rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pytest

from studio.kernel.errors import Permanent
from workflows.nodes.params import check_params, parse_params, template_params
from workflows.nodes.sdk import NodeParams, Param


class Inner(NodeParams):
    size: int = Param(ge=1)


class Sample(NodeParams):
    name: str = Param(max_length=5)
    count: int = Param(1, ge=1, le=9)
    ratio: float | None = Param(None)
    mode: Literal["a", "b"] = Param("a", template=False)
    code: str = Param("", template=False)
    parts: list[Inner] = Param([])
    free: Any = Param(None, alias="from")

    @classmethod
    def cross_check(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        if given.get("name") == given.get("from"):
            yield "from", "conflict", "These must differ."


def problems(raw: dict[str, Any]) -> dict[str, str]:
    return {problem.pointer: problem.code for problem in check_params(Sample, raw)}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"name": "x"}, {}),
        ({}, {"/name": "required", "/from": "conflict"}),
        ({"name": 5}, {"/name": "wrong_type"}),
        ({"name": "abcdef"}, {"/name": "wrong_length"}),
        ({"name": "x", "count": 10}, {"/count": "out_of_range"}),
        ({"name": "x", "count": "many"}, {"/count": "wrong_type"}),
        ({"name": "x", "count": True}, {"/count": "wrong_type"}),
        ({"name": "x", "mode": "c"}, {"/mode": "not_allowed"}),
        ({"name": "x", "a/b~": 1}, {"/a~1b~0": "unknown_key"}),
        ({"name": "x", "parts": [{"size": 1}, {"size": 0}, {}, 3]}, {
            "/parts/1/size": "out_of_range", "/parts/2/size": "required", "/parts/3": "wrong_type"}),
        ({"name": "x", "from": "x"}, {"/from": "conflict"}),
    ],
)  # fmt: skip
def test_each_problem_is_named_by_pointer_and_code(raw: dict[str, Any], expected: dict[str, str]) -> None:
    assert problems(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        {"name": "{{ trigger.name }} and more"},
        {"name": "x", "count": "{{ trigger.n }}"},
        {"name": "x", "parts": "{{ trigger.parts }}"},
        {"name": "x", "parts": ["{{ trigger.part }}", {"size": "{{ trigger.size }}"}]},
    ],
)
def test_what_is_not_known_yet_is_not_a_problem(raw: dict[str, Any]) -> None:
    assert problems(raw) == {}


def test_braces_where_no_template_is_allowed_are_plain_text() -> None:
    assert problems({"name": "x", "mode": "{{ trigger.mode }}"}) == {"/mode": "not_allowed"}


def test_known_values_beside_unknown_ones_are_still_checked() -> None:
    assert problems({"name": "{{ trigger.name }}", "count": 99}) == {"/count": "out_of_range"}


@pytest.mark.parametrize(("given", "count"), [("3", 3), (" 3 ", 3), (3.0, 3), ("3.0", 3), ("2e0", 2)])
def test_numeric_text_becomes_a_number_where_one_is_wanted(given: object, count: int) -> None:
    params = parse_params(Sample, {"name": "x", "count": given, "ratio": "0.5"})

    assert (params.count, params.ratio) == (count, 0.5)


@pytest.mark.parametrize("given", ["3.5", 3.5, "x", "", "0x3", "nan", "1_0", None, "१"])
def test_other_values_do_not_become_numbers(given: object) -> None:
    with pytest.raises(Permanent) as caught:
        parse_params(Sample, {"name": "x", "count": given})

    assert (caught.value.public_code, caught.value.category) == ("invalid_params", "bad_input")


def test_a_number_in_a_list_is_converted_in_place() -> None:
    raw = {"name": "x", "parts": [{"size": "4"}]}

    assert (parse_params(Sample, raw).parts[0].size, raw["parts"]) == (4, [{"size": "4"}])


def test_a_number_does_not_become_text() -> None:
    with pytest.raises(Permanent, match=r"Param name: This must be text, not a number\."):
        parse_params(Sample, {"name": 5})


def test_rules_between_params_hold_for_rendered_values_too() -> None:
    with pytest.raises(Permanent, match=r"Param from: These must differ\."):
        parse_params(Sample, {"name": "x", "from": "x"})


def test_no_message_repeats_the_value() -> None:
    with pytest.raises(Permanent) as caught:
        parse_params(Sample, {"name": "secret", "count": "secret", "mode": "secret", "secret": 1})

    assert "secret" not in str(caught.value)


def test_templates_are_listed_by_the_name_people_write() -> None:
    assert template_params(Sample) == {"name", "count", "ratio", "parts", "from"}
