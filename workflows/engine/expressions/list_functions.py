"""Functions on lists and objects."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from workflows.engine.expressions.arguments import (
    elements,
    follow,
    mapping,
    number,
    one_of,
    path_keys,
    picked,
)
from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.expressions.frame import MAX_NESTING, Frame
from workflows.engine.expressions.registry import function
from workflows.engine.expressions.values import bounded, equal, kind, ordering
from workflows.engine.expressions.values import contains as _contains

_TESTS: dict[str, Callable[[Frame, Any, Any, int], Any]] = {
    "<": ordering("<", operator.lt),
    "<=": ordering("<=", operator.le),
    ">": ordering(">", operator.gt),
    ">=": ordering(">=", operator.ge),
    "==": lambda frame, left, right, _: equal(frame, left, right),
    "!=": lambda frame, left, right, _: not equal(frame, left, right),
    "in": lambda frame, left, right, _: _contains(frame, right, left),
    "contains": lambda frame, left, right, _: _contains(frame, left, right),
}


@function('null | default("none")', "none")
def default(frame: Frame, value: Any, fallback: Any, empty: Any = False) -> Any:
    """Stand in for null, and with a true third argument for everything that counts as false."""
    return fallback if value is None or (empty and not value) else value


@function('["a", "b"] | length', 2)
def length(frame: Frame, value: Any) -> int:
    """Count the characters of text, the elements of a list or the keys of an object; 0 for null."""
    if value is None:
        return 0
    if type(value) in (str, list, dict):
        return len(value)
    raise ExpressionError(f"it must be text, a list or an object, not {kind(value)}.")


@function('["red", "blue"] | contains("red")', True)
def contains(frame: Frame, container: Any, wanted: Any) -> bool:
    """Tell whether text, a list or an object's keys hold what is wanted; null holds nothing."""
    return _contains(frame, container, wanted)


@function("[3, 1, 2] | first", 3)
def first(frame: Frame, list_: Any) -> Any:
    """Give the first element or character, null if there is none."""
    return _end(list_, 0)


@function("[3, 1, 2] | last", 2)
def last(frame: Frame, list_: Any) -> Any:
    """Give the last element or character, null if there is none."""
    return _end(list_, -1)


@function('[{"n": 2}, {"n": 1}] | sort("n", "desc")', [{"n": 2}, {"n": 1}])
def sort(frame: Frame, list_: Any, path: Any = None, order: Any = "asc") -> list[Any]:
    """Sort numbers or texts, or items by what lies at a path; equal ones keep their order."""
    items = elements(frame, list_)
    keys = _comparable(frame, picked(frame, items, path))
    backwards = one_of(order, "the order", ("asc", "desc")) == "desc"
    places = sorted(range(len(items)), key=keys.__getitem__, reverse=backwards)
    return [items[place] for place in places]


@function("[1, 2, 1.0, true] | unique", [1, 2, True])
def unique(frame: Frame, list_: Any, path: Any = None) -> list[Any]:
    """Keep the first of each set of equal elements, or of items equal at a path."""
    items = elements(frame, list_)
    kept: dict[Any, Any] = {}
    for item, key in zip(items, picked(frame, items, path), strict=True):
        kept.setdefault(_identity(frame, key, 0), item)
    return list(kept.values())


@function("[1, 2, 3] | reverse", [3, 2, 1])
def reverse(frame: Frame, list_: Any) -> Any:
    """Turn a list or text round."""
    if type(list_) is str:
        frame.make_text(len(list_))
        return list_[::-1]
    return elements(frame, list_)[::-1]


@function('[{"a": {"b": 1}}, {"a": null}] | map("a.b")', [1, None])
def map_(frame: Frame, list_: Any, path: Any) -> list[Any]:
    """Take what lies at a path out of each item."""
    keys = path_keys(path)
    items = elements(frame, list_)
    frame.spend(len(items) * len(keys))
    return [follow(item, keys) for item in items]


@function(
    '[{"n": 5}, {"n": 9}] | where("n", ">", 6)', [{"n": 9}], most=3, arguments="path, [relation,] [value]"
)
def where(frame: Frame, list_: Any, path: Any, *test: Any) -> list[Any]:
    """Keep items whose value at a path counts as true, equals a value, or stands in a relation to it."""
    items = elements(frame, list_)
    found = picked(frame, items, path)
    if not test:
        return [item for item, value in zip(items, found, strict=True) if value]
    relation = one_of(test[0], "the relation", tuple(_TESTS)) if len(test) == 2 else "=="
    holds, wanted = _TESTS[relation], test[-1]
    return [item for item, value in zip(items, found, strict=True) if holds(frame, value, wanted, 0)]


@function("[1, 2, 3.5] | sum", 6.5)
def sum_(frame: Frame, list_: Any, path: Any = None) -> int | float:
    """Add up numbers, or what lies at a path in each item; 0 for an empty list."""
    return _total([number(each, "each value") for each in picked(frame, elements(frame, list_), path)])


@function('[{"n": 2}, {"n": 1}] | min("n")', {"n": 1})
def min_(frame: Frame, list_: Any, path: Any = None) -> Any:
    """Give the smallest number or text, or the item that has it at a path; null for an empty list."""
    return _extreme(frame, list_, path, min)


@function("[2, 9, 4] | max", 9)
def max_(frame: Frame, list_: Any, path: Any = None) -> Any:
    """Give the largest number or text, or the item that has it at a path; null for an empty list."""
    return _extreme(frame, list_, path, max)


@function("[1, 2, 6] | avg", 3.0)
def avg(frame: Frame, list_: Any, path: Any = None) -> float | None:
    """Give the mean of numbers, or of what lies at a path in each item; null for an empty list."""
    numbers = [number(each, "each value") for each in picked(frame, elements(frame, list_), path)]
    return _total(numbers) / len(numbers) if numbers else None


@function('{"a": 1, "b": 2} | keys', ["a", "b"])
def keys(frame: Frame, object_: Any) -> list[str]:
    """List the keys of an object in their order."""
    return list(mapping(frame, object_))


@function('{"a": 1, "b": 2} | values', [1, 2])
def values(frame: Frame, object_: Any) -> list[Any]:
    """List the values of an object in the order of its keys."""
    return list(mapping(frame, object_).values())


@function('{"a": 1} | items', [{"key": "a", "value": 1}])
def items(frame: Frame, object_: Any) -> list[dict[str, Any]]:
    """List an object as objects with `key` and `value`, ready for `for`, `map`, `where` and `sort`."""
    held = mapping(frame, object_)
    frame.spend(3 * len(held))
    return [{"key": key, "value": value} for key, value in held.items()]


@function('{"a": [{"b": 7}]} | get("a.0.b")', 7)
def get(frame: Frame, value: Any, path: Any, fallback: Any = None) -> Any:
    """Take what lies at a path such as `"a.0.b"`, or the fallback where there is nothing."""
    keys_ = path_keys(path)
    frame.spend(len(keys_))
    found = follow(value, keys_)
    return fallback if found is None else found


@function('{"a": 1, "b": 1} | merge({"b": 2})', {"a": 1, "b": 2})
def merge(frame: Frame, object_: Any, other: Any, *others: Any) -> dict[str, Any]:
    """Put objects together into a new one; where keys meet, the later object wins."""
    merged = dict(mapping(frame, object_))
    for each in (other, *others):
        merged.update(mapping(frame, each, "what is merged"))
        frame.spend(len(merged))
    return merged


def _end(value: Any, place: int) -> Any:
    if value is None:
        return None
    if type(value) is list or type(value) is str:
        return value[place] if value else None
    raise ExpressionError(f"it must be a list or text, not {kind(value)}.")


def _comparable(frame: Frame, found: list[Any]) -> list[Any]:
    """The values if they are all numbers or all texts; paid for by what comparing them may take."""
    if all(type(each) is int or type(each) is float for each in found):
        return found
    if all(type(each) is str for each in found):
        frame.spend((sum(map(len, found)) * len(found).bit_length()) >> 10)
        return found
    named = sorted({kind(each) for each in found})
    raise ExpressionError(f"only numbers or only texts have an order; here are {' and '.join(named)}.")


def _extreme(frame: Frame, list_: Any, path: Any, choose: Callable[..., Any]) -> Any:
    found = elements(frame, list_)
    compared = _comparable(frame, picked(frame, found, path))
    return found[choose(range(len(found)), key=compared.__getitem__)] if found else None


def _total(numbers: list[int | float]) -> int | float:
    """Exact for integers, correctly rounded for floats: the same on every version of Python."""
    try:
        if all(type(each) is int for each in numbers):
            return bounded(sum(numbers))
        return bounded(math.fsum(numbers))
    except (OverflowError, ValueError):
        raise ExpressionError("the numbers are too large to be added up.") from None


def _identity(frame: Frame, value: Any, depth: int) -> Any:
    """Something hashable that is equal exactly when the values are."""
    held = type(value)
    if held is bool:
        return (bool, value)
    if held is str:
        frame.spend(len(value) >> 10)
        return value
    if held is not list and held is not dict:
        return value
    if depth > 2 * MAX_NESTING:
        raise ExpressionError("the values are nested too deeply.")
    frame.spend(len(value) + 1)
    if held is list:
        return (list, *(_identity(frame, each, depth + 1) for each in value))
    return (dict, frozenset((key, _identity(frame, each, depth + 1)) for key, each in value.items()))
