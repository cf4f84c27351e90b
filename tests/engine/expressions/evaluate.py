"""Evaluating one expression against one scope."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.engine.expressions import ExpressionError, ExpressionSyntaxError, parse_expression

SCOPE: dict[str, Any] = {
    "trigger": {
        "a": {"b": [10, 20, {"c": "deep"}]},
        "none": None,
        "text": "héllo",
        "list": [3, 1, 2],
        "yes": True,
    },
    "input": {"n": 5, "f": 2.5, "s": "five"},
    "nodes": {"x": {"v": 1}, "skipped": None},
    "item": "it",
    "index": 2,
    "vars": {"v": 1},
    "execution": {"id": "e1"},
}


def value(source: str, scope: dict[str, Any] | None = None) -> Any:
    return parse_expression(source).evaluate(SCOPE if scope is None else scope)


def same(left: Any, right: Any) -> bool:
    """Equal and of one type: 1 is neither true nor 1.0 here."""
    return type(left) is type(right) and bool(left == right)


def error(source: str, scope: dict[str, Any] | None = None) -> str:
    with pytest.raises(ExpressionError) as caught:
        value(source, scope)
    return caught.value.message


def mistake(source: str) -> tuple[str, int]:
    """Code and place of what is badly written."""
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_expression(source)
    return caught.value.code, caught.value.offset
