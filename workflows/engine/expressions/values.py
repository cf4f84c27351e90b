"""What the operators mean on JSON values.

Values are exactly `None`, `bool`, `int`, `float`, `str`, `list` and `dict` with text keys; every operation
asks for the exact type, so an object of any other kind has no members, no order and no text.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import orjson

from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.expressions.frame import MAX_NESTING, MAX_RESULT_BYTES, Frame
from workflows.engine.expressions.lexer import LEAST_INT, MOST_INT

_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}
_STRICT = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_TOO_BIG = "The result is larger than 1 MiB."
_NOT_JSON = "Only JSON values can be worked with."
_DEEPEST = 2 * MAX_NESTING

Operator = Callable[[Frame, Any, Any, int], Any]


def kind(value: Any) -> str:
    """What a value is called in messages."""
    return _KINDS.get(type(value), "something that is not JSON")


def member(value: Any, key: Any) -> Any:
    """`value[key]`; null for whatever is not there."""
    held = type(value)
    if held is dict:
        return value.get(key) if type(key) is str else None
    if held is list or held is str:
        index = whole(key)
        if index is not None and -len(value) <= index < len(value):
            return value[index]
    return None


def whole(value: Any) -> int | None:
    """The integer a number stands for, None when it is not whole or no number."""
    if type(value) is int:
        return value
    return int(value) if type(value) is float and value.is_integer() else None


def bounded(value: int | float, at: int | None = None) -> int | float:
    """The number itself if JSON can hold it: 64-bit integers and finite floats."""
    if type(value) is int:
        if LEAST_INT <= value <= MOST_INT:
            return value
    elif math.isfinite(value):
        return value
    raise ExpressionError("The number is too large: integers have at most 64 bits.", at)


def equal(frame: Frame, left: Any, right: Any, depth: int = 0) -> bool:
    """Deep equality as JSON sees it: 1 and 1.0 are equal, 1 and true are not."""
    a, b = type(left), type(right)
    if a is not b:
        return ((a is int and b is float) or (a is float and b is int)) and bool(left == right)
    if a is str:
        if len(left) != len(right):
            return False
        frame.spend(len(left) >> 10)
        return bool(left == right)
    if a is not list and a is not dict:
        return bool(left == right)
    if len(left) != len(right):
        return False
    if depth > _DEEPEST:
        raise ExpressionError("The values are nested too deeply to be compared.")
    frame.spend(len(left))
    if a is list:
        return all(equal(frame, x, y, depth + 1) for x, y in zip(left, right, strict=True))
    return all(key in right and equal(frame, held, right[key], depth + 1) for key, held in left.items())


def contains(frame: Frame, container: Any, wanted: Any, at: int | None = None) -> bool:
    """`wanted in container`; nothing is in null."""
    held = type(container)
    if held is dict:
        return type(wanted) is str and wanted in container
    if held is list:
        frame.spend(len(container))
        return any(equal(frame, wanted, element) for element in container)
    if held is str and type(wanted) is str:
        frame.spend(len(container) >> 10)
        return wanted in container
    if container is None:
        return False
    raise ExpressionError(f"`in` cannot look for {kind(wanted)} in {kind(container)}.", at)


def mismatch(operator: str, left: Any, right: Any, at: int | None) -> ExpressionError:
    return ExpressionError(f"`{operator}` does not work on {kind(left)} and {kind(right)}.", at)


def ordering(symbol: str, compare: Callable[[Any, Any], bool]) -> Operator:
    """An order exists between two numbers and between two texts."""

    def ordered(frame: Frame, left: Any, right: Any, at: int) -> bool:
        a, b = type(left), type(right)
        if (a is int or a is float) and (b is int or b is float):
            return compare(left, right)
        if a is str and b is str:
            frame.spend(min(len(left), len(right)) >> 10)
            return compare(left, right)
        raise mismatch(symbol, left, right, at)

    return ordered


def arithmetic(symbol: str, compute: Callable[[Any, Any], Any]) -> Operator:
    """Numbers with numbers; anything else has no answer."""

    def computed(_: Frame, left: Any, right: Any, at: int) -> int | float:
        a, b = type(left), type(right)
        if (a is int or a is float) and (b is int or b is float):
            try:
                return bounded(compute(left, right), at)
            except ZeroDivisionError:
                raise ExpressionError(f"`{symbol}` cannot divide by zero.", at) from None
            except OverflowError:
                raise ExpressionError("The number is too large.", at) from None
        raise mismatch(symbol, left, right, at)

    return computed


def add(frame: Frame, left: Any, right: Any, at: int) -> Any:
    """Numbers are summed; text and lists are put one after the other."""
    a, b = type(left), type(right)
    if a is str and b is str:
        frame.make_text(len(left) + len(right))
        return left + right
    if (a is int or a is float) and (b is int or b is float):
        try:
            return bounded(left + right, at)
        except OverflowError:
            raise ExpressionError("The number is too large.", at) from None
    if a is list and b is list:
        frame.spend((len(left) + len(right)) >> 2)
        return left + right
    raise mismatch("+", left, right, at)


def number_text(value: int | float) -> str:
    """Whole floats lose their `.0`; the shortest text that reads back as the same number otherwise."""
    text = repr(bounded(value))
    if text.endswith(".0"):
        return "0" if text == "-0.0" else text[:-2]
    return text


def to_text(value: Any) -> str:
    """How a value reads inside text: null is empty, lists and objects are compact JSON."""
    return text_of(Frame({}), value)


def text_of(frame: Frame, value: Any) -> str:
    held = type(value)
    if held is str:
        return str(value)
    if value is None:
        return ""
    if held is bool:
        return "true" if value else "false"
    if held is int or held is float:
        return number_text(value)
    return json_text(frame, value)


def json_text(frame: Frame, value: Any) -> str:
    """Compact JSON; measured first, because few references can stand for much text.

    Measuring visits every element, which costs more than the characters do.
    """
    size = measured(value)
    frame.make_text(size)
    frame.spend(size >> 4)
    text = _dumped(value).decode()
    if len(text) > MAX_RESULT_BYTES:  # escapes count for more than the characters they stand for
        raise ExpressionError(_TOO_BIG)
    return text


def _dumped(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=_STRICT)
    except TypeError:
        raise ExpressionError(f"{_NOT_JSON} It may be nested too deeply.") from None


def size_bytes(value: Any, *, shared: bool) -> int:
    """Size as JSON, raising when above the limit for results.

    `shared` says that the expression built lists or objects, in which one large value may stand many times:
    such a result is walked with an early end. Plain data is as large as it looks and measured in one go.
    """
    held = type(value)
    if held is str:
        size = _text_size(value)
    elif held is list or held is dict:
        size = measured(value) if shared else len(_dumped(value))
    elif held in _KINDS:
        return 8
    else:
        raise ExpressionError(_NOT_JSON)
    if size > MAX_RESULT_BYTES:
        raise ExpressionError(_TOO_BIG)
    return size


def measured(value: Any) -> int:
    """Bytes of JSON, found without writing it; raise as soon as it is over the limit."""
    size = 0
    waiting = [value]
    while waiting:
        current = waiting.pop()
        held = type(current)
        if held is str:
            size += _text_size(current)
        elif held is list:
            size += len(current) + 2
        elif held is dict:
            size += 4 * len(current) + 2
        elif held in _KINDS:
            size += 4 if held is bool or held is type(None) else len(number_text(current))
        else:
            raise ExpressionError(_NOT_JSON)
        if size > MAX_RESULT_BYTES:
            raise ExpressionError(_TOO_BIG)
        if held is list:
            waiting += current
        elif held is dict:
            waiting += current.values()
            size += sum(map(_text_size, current))
    return size


def _text_size(text: Any) -> int:
    if type(text) is not str:
        raise ExpressionError(_NOT_JSON)
    if text.isascii():
        return len(text) + 2
    try:
        return len(text.encode()) + 2
    except UnicodeEncodeError:
        raise ExpressionError("Lone surrogates are not text.") from None


def nesting(value: Any, limit: int) -> int:
    """How deep lists and objects lie in one another, counted no further than `limit` + 1."""
    level, layer = 0, _containers([value])
    while layer and level <= limit:
        layer = [inner for outer in layer for inner in _containers(outer)]
        level += 1
    return level


def _containers(value: Any) -> list[Any]:
    """Those lists and objects that lie directly in one."""
    held = value.values() if type(value) is dict else value
    return [inner for inner in held if type(inner) is list or type(inner) is dict]
