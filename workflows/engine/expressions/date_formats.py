"""Directives of date formats, as in `strftime`, written out here.

The platform's own are not used: they depend on its locale and obey widths of any size.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.expressions.text_functions import compiled_pattern

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DIRECTIVE = re.compile(r"%(-?.?)", re.DOTALL)
_LONGEST_TEXT = 256


def _offset(moment: datetime) -> str:
    return moment.strftime("%z")[:5] or "+0000"


_WRITERS: dict[str, Callable[[datetime], str]] = {
    "Y": lambda d: f"{d.year:04}",
    "y": lambda d: f"{d.year % 100:02}",
    "m": lambda d: f"{d.month:02}",
    "B": lambda d: _MONTHS[d.month - 1],
    "b": lambda d: _MONTHS[d.month - 1][:3],
    "d": lambda d: f"{d.day:02}",
    "e": lambda d: f"{d.day:2}",
    "j": lambda d: f"{d.timetuple().tm_yday:03}",
    "A": lambda d: _DAYS[d.weekday()],
    "a": lambda d: _DAYS[d.weekday()][:3],
    "u": lambda d: str(d.isoweekday()),
    "w": lambda d: str(d.isoweekday() % 7),
    "G": lambda d: f"{d.isocalendar().year:04}",
    "V": lambda d: f"{d.isocalendar().week:02}",
    "H": lambda d: f"{d.hour:02}",
    "I": lambda d: f"{(d.hour - 1) % 12 + 1:02}",
    "M": lambda d: f"{d.minute:02}",
    "S": lambda d: f"{d.second:02}",
    "f": lambda d: f"{d.microsecond:06}",
    "p": lambda d: "AM" if d.hour < 12 else "PM",
    "F": lambda d: f"{d.year:04}-{d.month:02}-{d.day:02}",
    "T": lambda d: f"{d.hour:02}:{d.minute:02}:{d.second:02}",
    "s": lambda d: str(int(d.timestamp() // 1)),
    "z": _offset,
    "Z": lambda d: d.tzname() or "UTC",
    "%": lambda d: "%",
}
_READERS = {
    "Y": "([0-9]{4})", "y": "([0-9]{2})", "m": "([0-9]{1,2})", "d": "([0-9]{1,2})", "e": " ?([0-9]{1,2})",
    "B": "([A-Za-z]+)", "b": "([A-Za-z]+)", "A": "[A-Za-z]+", "a": "[A-Za-z]+", "H": "([0-9]{1,2})",
    "I": "([0-9]{1,2})", "M": "([0-9]{1,2})", "S": "([0-9]{1,2})", "f": "([0-9]{1,6})", "p": "([AaPp][Mm])",
    "z": "([+-][0-9]{2}:?[0-9]{2}|[Zz])", "%": "%",
}  # fmt: skip
_SHORTHANDS = {"F": "%Y-%m-%d", "T": "%H:%M:%S"}
_MEANINGS = {"B": "b", "e": "d"}


def formatted(moment: datetime, pattern: str) -> str:
    """The moment written by a format; raise ExpressionError for an unknown directive."""

    def write(match: re.Match[str]) -> str:
        letter = match[1].removeprefix("-")
        if letter not in _WRITERS:
            raise _unknown(letter)
        written = _WRITERS[letter](moment)
        return (written.lstrip("0 ") or "0") if match[1][:1] == "-" else written

    return _DIRECTIVE.sub(write, pattern)


def parsed(source: str, pattern: str) -> datetime:
    """The moment read by a format, without zone unless the format has `%z`.

    Raise ExpressionError when text and format do not fit, ValueError when there is no such date.
    """
    expression, letters = _reader(pattern)
    match = compiled_pattern(expression).fullmatch(source) if len(source) <= _LONGEST_TEXT else None
    if match is None:
        raise ExpressionError("the text does not have the given format.")
    found = dict(zip(letters, match.groups(), strict=True))
    zone = _read_zone(found["z"]) if "z" in found else None
    micros = int(found.get("f", "0").ljust(6, "0"))
    numbers = {letter: int(value) for letter, value in found.items() if letter in "YymdHIMS"}
    return datetime(
        _year(numbers),
        _month(found["b"]) if "b" in found else numbers.get("m", 1),
        numbers.get("d", 1),
        _hour(numbers, found.get("p")),
        numbers.get("M", 0),
        numbers.get("S", 0),
        micros,
        tzinfo=zone,
    )


@functools.lru_cache(maxsize=64)
def _reader(pattern: str) -> tuple[str, tuple[str, ...]]:
    """A regular expression for the format, and the directive behind each of its groups."""
    letters: list[str] = []
    parts: list[str] = []
    for shorthand, meaning in _SHORTHANDS.items():
        pattern = pattern.replace(f"%{shorthand}", meaning)
    at = 0
    for match in _DIRECTIVE.finditer(pattern):
        letter = match[1].removeprefix("-")
        if letter not in _READERS:
            raise _unknown(letter)
        parts += [_quoted(pattern[at : match.start()]), _READERS[letter]]
        if "(" in _READERS[letter]:
            letters.append(_MEANINGS.get(letter, letter))
        at = match.end()
    parts.append(_quoted(pattern[at:]))
    if len(set(letters)) < len(letters):
        raise ExpressionError("the format names one part of the date twice.")
    return "".join(parts), tuple(letters)


def _quoted(text: str) -> str:
    return "".join(character if character.isalnum() else rf"\x{{{ord(character):x}}}" for character in text)


def _unknown(letter: str) -> ExpressionError:
    shown = f"`%{letter}`" if letter.isascii() and letter.isprintable() else "such directive"
    return ExpressionError(f"a date format has no {shown} here; write `%%` for a percent sign.")


def _year(numbers: dict[str, int]) -> int:
    if "y" in numbers:
        return numbers["y"] + (2000 if numbers["y"] < 69 else 1900)
    return numbers.get("Y", 1970)


def _month(name: str) -> int:
    for index, month in enumerate(_MONTHS, start=1):
        if name.lower() in (month.lower(), month[:3].lower()):
            return index
    raise ExpressionError("the text does not have the given format.")


def _hour(numbers: dict[str, int], half: str | None) -> int:
    if "I" not in numbers:
        return numbers.get("H", 0)
    if not 1 <= numbers["I"] <= 12:
        raise ExpressionError("the text does not have the given format.")
    return numbers["I"] % 12 + (12 if half is not None and half.lower() == "pm" else 0)


def _read_zone(offset: Any) -> timezone:
    if offset in ("Z", "z"):
        return timezone(timedelta())
    minutes = 60 * int(offset[1:3]) + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
