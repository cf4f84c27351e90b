"""Functions that make or shape numbers and text from other kinds of values."""

from __future__ import annotations

import math
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any

from workflows.engine.expressions.arguments import integer, number, one_of
from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.expressions.frame import Frame
from workflows.engine.expressions.registry import function
from workflows.engine.expressions.values import bounded, kind, text_of

_ROUNDING = {"half": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}
_EXACT = Context(prec=400)
_NUMBER = re.compile(r"[+-]?([0-9]+)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_LONGEST = 400


@function("2.345 | round(2)", 2.35)
def round_(frame: Frame, number_: Any, digits: Any = 0, mode: Any = "half") -> int | float:
    """Round the decimal as written: halves away from zero, or all `"up"` or `"down"`; whole without digits."""
    value, places = number(number_), integer(digits, "the digits", -15, 15)
    rounding = _ROUNDING[one_of(mode, "the mode", tuple(_ROUNDING))]
    unit = Decimal(1).scaleb(-places)
    rounded = Decimal(repr(bounded(value))).quantize(unit, rounding=rounding, context=_EXACT)
    return bounded(int(rounded)) if places <= 0 or type(value) is int else float(rounded)


@function("-3 | abs", 3)
def abs_(frame: Frame, number_: Any) -> int | float:
    """Drop the sign of a number."""
    return bounded(abs(number(number_)))


@function('" 42 " | int', 42, most=1, arguments="[fallback]")
def int_(frame: Frame, value: Any, *fallback: Any) -> Any:
    """Make a whole number of a number or text, cutting off decimals; the fallback if that cannot be done."""
    found = _parsed(value)
    if found is None:
        return _otherwise(value, "a whole number", fallback)
    return bounded(int(found))


@function('"1.50" | float', 1.5, most=1, arguments="[fallback]")
def float_(frame: Frame, value: Any, *fallback: Any) -> Any:
    """Make a floating-point number of a number or text; the fallback if that cannot be done."""
    found = _parsed(value)
    return _otherwise(value, "a number", fallback) if found is None else float(found)


@function("[1, null] | text", "[1,null]")
def text(frame: Frame, value: Any) -> str:
    """Make text as it would read in a template: null is empty, lists and objects are compact JSON."""
    return text_of(frame, value)


def _parsed(value: Any) -> int | float | None:
    """None for what is not a number that JSON can hold."""
    if type(value) is int or type(value) is float:
        return value if math.isfinite(value) else None
    if type(value) is not str or len(value) > _LONGEST:
        return None
    match = _NUMBER.fullmatch(value.strip())
    if match is None:
        return None
    if match.group(2) is None and match.group(3) is None:
        whole = int(match.group())
        return whole if -(2**63) <= whole < 2**64 else None
    parsed = float(match.group())
    return parsed if math.isfinite(parsed) else None


def _otherwise(value: Any, wanted: str, fallback: tuple[Any, ...]) -> Any:
    if fallback:
        return fallback[0]
    raise ExpressionError(f"{kind(value)} that does not read as {wanted}; give a fallback if that may be.")
