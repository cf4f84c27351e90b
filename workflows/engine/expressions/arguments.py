"""What functions may ask of their arguments. The caller adds the function's name to the message."""

from __future__ import annotations

from typing import Any

from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.expressions.frame import Frame
from workflows.engine.expressions.values import kind, member, text_of, whole


def text(value: Any, what: str = "it") -> str:
    if type(value) is str:
        return value
    raise ExpressionError(f"{what} must be text, not {kind(value)}.")


def scalar_text(frame: Frame, value: Any) -> str:
    """Text, or a number or boolean as it reads in text."""
    if type(value) in (str, int, float, bool):
        return text_of(frame, value)
    raise ExpressionError(f"it must be text, a number or a boolean, not {kind(value)}.")


def number(value: Any, what: str = "it") -> int | float:
    if type(value) is int or type(value) is float:
        return value
    raise ExpressionError(f"{what} must be a number, not {kind(value)}.")


def integer(value: Any, what: str, least: int, most: int) -> int:
    found = whole(value)
    if found is None or not least <= found <= most:
        raise ExpressionError(f"{what} must be a whole number from {least:,} to {most:,}.")
    return found


def elements(frame: Frame, value: Any) -> list[Any]:
    """A list, paid for by its length."""
    if type(value) is list:
        frame.spend(len(value))
        return value
    raise ExpressionError(f"it must be a list, not {kind(value)}.")


def mapping(frame: Frame, value: Any, what: str = "it") -> dict[str, Any]:
    """An object, paid for by its length."""
    if type(value) is dict:
        frame.spend(len(value))
        return value
    raise ExpressionError(f"{what} must be an object, not {kind(value)}.")


def one_of(value: Any, what: str, allowed: tuple[str, ...]) -> str:
    if type(value) is str and value in allowed:
        return value
    raise ExpressionError(f"{what} must be one of {', '.join(allowed)}.")


def path_keys(path: Any) -> list[Any]:
    """`"a.b.0"` or `["a", "b", 0]`; a list is for keys that hold dots. Null is the value itself."""
    if path is None:
        return []
    if type(path) is str:
        return path.split(".")
    if type(path) is list and len(path) <= 64:
        return path
    if whole(path) is not None:
        return [path]
    raise ExpressionError('the path must be text such as "a.b.0", or a list of at most 64 keys.')


def follow(value: Any, keys: list[Any]) -> Any:
    for key in keys:
        if type(value) is list and type(key) is str and key.lstrip("-").isdecimal() and len(key) < 12:
            value = member(value, int(key))
        else:
            value = member(value, key)
    return value


def picked(frame: Frame, items: list[Any], path: Any) -> list[Any]:
    """What lies at the path in each item; the items themselves without one."""
    keys = path_keys(path)
    if not keys:
        return items
    frame.spend(len(items) * len(keys))
    return [follow(item, keys) for item in items]
