"""Data and text kinds."""

from __future__ import annotations

import pytest

from studio.kernel.errors import Permanent
from tests.nodes.context import Context, codes, run


async def test_set_gives_its_values_untouched() -> None:
    values = {"a": 1, "b": [None, {"c": "{{ not again }}"}]}

    assert await run("data.set", {"values": values}) == values


async def test_filter_asks_the_condition_for_each_item_with_its_index() -> None:
    params = {"items": [5, 50, 500], "condition": "item > trigger.least and index < 2"}
    scope = {"trigger": {"least": 10}}

    assert await run("data.filter", params, Context(scope=scope)) == [50]


async def test_filter_names_the_item_that_has_no_answer() -> None:
    with pytest.raises(Permanent, match="item 1") as caught:
        await run("data.filter", {"items": [1, "x"], "condition": "item > 0"})

    assert caught.value.public_code == "expression_error"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("item.ok", {}),
        ("nodes.other.list | length > index", {}),
        ("item.ok and", {"/condition": "expression_syntax"}),
        ("itm.ok", {"/condition": "unknown_name"}),
        ("item | explode", {"/condition": "unknown_function"}),
    ],
)
def test_a_condition_is_checked_when_it_is_written(condition: str, expected: dict[str, str]) -> None:
    assert codes("data.filter", {"items": "{{ input }}", "condition": condition}) == expected


async def test_a_text_is_handed_on_as_it_was_rendered() -> None:
    assert await run("text.template", {"text": "Hello {{ not again }}"}) == {"text": "Hello {{ not again }}"}
