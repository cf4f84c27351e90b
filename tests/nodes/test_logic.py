"""Branching kinds."""

from __future__ import annotations

from typing import Any

import pytest

from studio.kernel.errors import Permanent
from tests.nodes.context import Context, codes, run
from workflows.nodes.sdk import To


@pytest.mark.parametrize(
    ("condition", "port"),
    [
        (True, "true"),
        (False, "false"),
        (None, "false"),
        (0, "false"),
        (7, "true"),
        ([], "false"),
        ({"a": 1}, "true"),
        ("true", "true"),
        (" false ", "false"),
    ],
)
async def test_if_goes_on_along_one_port_with_its_input(condition: Any, port: str) -> None:
    assert await run("logic.if", {"condition": condition}, Context(input={"id": 7})) == To(port, {"id": 7})


@pytest.mark.parametrize("condition", ["3 > 5", "", "yes"])
async def test_text_is_no_condition(condition: str) -> None:
    with pytest.raises(Permanent, match="write the whole comparison inside"):
        await run("logic.if", {"condition": condition})


@pytest.mark.parametrize(
    ("value", "port"),
    [
        ("a", "case_1"),
        (1, "case_2"),
        (1.0, "case_2"),
        (True, "case_3"),
        ([True, {"x": 0}], "case_4"),
        ([1, {"x": 0}], "default"),
        ([True, {"x": False}], "default"),
        ("1", "default"),
        (None, "default"),
    ],
)
async def test_switch_takes_the_first_equal_case(value: Any, port: str) -> None:
    params = {"value": value, "cases": ["a", 1, True, [True, {"x": 0}]]}

    assert await run("logic.switch", params, Context(input="in")) == To(port, "in")


def test_the_cases_of_a_switch_must_be_written_out() -> None:
    assert codes("logic.switch", {"value": 1, "cases": "{{ input }}"}) == {"/cases": "wrong_type"}


def test_the_items_of_the_cases_may_be_expressions() -> None:
    assert codes("logic.switch", {"value": "{{ input }}", "cases": ["{{ vars.a }}", 2]}) == {}
