"""Functions on text."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

import re2

from workflows.engine.expressions.arguments import elements, integer, scalar_text, text
from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.expressions.frame import Frame
from workflows.engine.expressions.registry import function
from workflows.engine.expressions.values import text_of

_LONGEST_PATTERN = 1000
_GAPS = re.compile(r"[^a-z0-9]+")


def _made(frame: Frame, result: str) -> str:
    frame.make_text(len(result))
    return result


@function('"Straße" | upper', "STRASSE")
def upper(frame: Frame, text_: Any) -> str:
    """Turn all letters into capitals."""
    return _made(frame, _paid(frame, text_).upper())


@function('"Ada LOVELACE" | lower', "ada lovelace")
def lower(frame: Frame, text_: Any) -> str:
    """Turn all letters into small ones."""
    return _made(frame, _paid(frame, text_).lower())


@function('"  spaced  " | trim', "spaced")
def trim(frame: Frame, text_: Any, characters: Any = None) -> str:
    """Remove white space, or the given characters, from both ends."""
    value = _paid(frame, text_)
    return value.strip() if characters is None else value.strip(text(characters, "the characters"))


@function('"a-b-c" | replace("-", "+")', "a+b+c")
def replace(frame: Frame, text_: Any, old: Any, new: Any) -> str:
    """Replace every occurrence of one text by another."""
    value, wanted, instead = _paid(frame, text_), text(old, "the old text"), text(new, "the new text")
    if not wanted:
        raise ExpressionError("the old text must not be empty.")
    frame.make_text(len(value) + value.count(wanted) * (len(instead) - len(wanted)))
    return value.replace(wanted, instead)


@function('"a, b, c" | split(", ")', ["a", "b", "c"])
def split(frame: Frame, text_: Any, separator: Any = None) -> list[str]:
    """Split at a separator, at white space without one, or into characters when it is empty."""
    value = _paid(frame, text_)
    if separator == "":
        frame.spend(len(value))
        return list(value)
    wanted = None if separator is None else text(separator, "the separator")
    # Without a separator at most every second character starts a part.
    frame.spend(len(value) >> 8 if wanted is None else value.count(wanted))
    parts = value.split(wanted)
    frame.spend(len(parts))
    return parts


@function('["a", 1, true] | join("-")', "a-1-true")
def join(frame: Frame, list_: Any, separator: Any = "") -> str:
    """Put the elements one after the other as text, with the separator in between."""
    between = text(separator, "the separator")
    parts = [text_of(frame, element) for element in elements(frame, list_)]
    frame.make_text(sum(map(len, parts)) + len(between) * max(len(parts) - 1, 0))
    return between.join(parts)


@function('"Crème Brûlée, 2 x" | slug', "creme-brulee-2-x")
def slug(frame: Frame, text_: Any) -> str:
    """Make a name for URLs: small ASCII letters, digits and single hyphens."""
    value = scalar_text(frame, text_)
    frame.make_text(4 * len(value))
    plain = unicodedata.normalize("NFKD", value.casefold()).encode("ascii", "ignore").decode()
    return _GAPS.sub("-", plain).strip("-")


@function('"A long sentence" | truncate(9)', "A long s…")
def truncate(frame: Frame, text_: Any, length: Any = 255, end: Any = "…") -> str:
    """Shorten to a length that includes the ending, which is put only where something was cut."""
    value, ending = _paid(frame, text_), text(end, "the ending")
    most = integer(length, "the length", 0, 1_048_576)
    if len(value) <= most:
        return value
    return value[: max(most - len(ending), 0)] + ending[:most]


@function('"invoice-7.pdf" | starts_with("invoice-")', True)
def starts_with(frame: Frame, text_: Any, start: Any) -> bool:
    """Tell whether the text begins so; null does not."""
    return text_ is not None and _paid(frame, text_).startswith(text(start, "the start"))


@function('"invoice-7.pdf" | ends_with(".pdf")', True)
def ends_with(frame: Frame, text_: Any, end: Any) -> bool:
    """Tell whether the text ends so; null does not."""
    return text_ is not None and _paid(frame, text_).endswith(text(end, "the end"))


@function('"order 4711" | matches("[0-9]{4}$")', True)
def matches(frame: Frame, text_: Any, pattern: Any) -> bool:
    """Tell whether a regular expression (RE2 syntax) is found in the text; null matches none."""
    wanted = text(pattern, "the pattern")
    frame.spend(20 + len(wanted))
    compiled = compiled_pattern(wanted)
    return text_ is not None and searched(frame, compiled, text(text_)) is not None


@functools.lru_cache(maxsize=64)
def compiled_pattern(pattern: str) -> Any:
    """Small patterns only: the engine is linear in the text, but also in the size of the pattern."""
    if len(pattern) > _LONGEST_PATTERN:
        raise ExpressionError(f"the pattern must have at most {_LONGEST_PATTERN:,} characters.")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 512 * 1024
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError):
        raise ExpressionError(
            "the pattern is not a regular expression in RE2's syntax, or too large."
        ) from None


def searched(frame: Frame, compiled: Any, value: str) -> Any:
    """The first match or None, paid for by what the slowest way of searching would take."""
    frame.spend((len(value) * compiled.programsize) >> 10)
    try:
        return compiled.search(value)
    except UnicodeEncodeError:
        raise ExpressionError("lone surrogates are not text.") from None


def _paid(frame: Frame, value: Any) -> str:
    found = text(value)
    frame.make_text(len(found))
    return found
