"""Source text to tokens. Nothing here interprets; every character is accounted for."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from workflows.engine.expressions.errors import ExpressionSyntaxError
from workflows.engine.expressions.frame import MAX_SOURCE_BYTES

KEYWORDS = frozenset({"and", "or", "not", "in", "if", "else", "for", "true", "false", "null"})
LEAST_INT = -(2**63)
MOST_INT = 2**64 - 1

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[^\W\d]\w*)
    | (?P<text>"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')
    | (?P<op>//|==|!=|<=|>=|[-+*/%<>|.,:()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"} | {c: c for c in "\\/\"'"}
_HINTS = {
    "&": "Write `and`.",
    "!": "Write `not`, or `!=` to compare.",
    "=": "Write `==` to compare; there is no assignment.",
    "?": "Write `a if condition else b`, or `| default(…)`.",
    "`": "Write text in double or single quotes.",
    '"': "The text is not closed.",
    "'": "The text is not closed.",
    "#": "There are no comments.",
}


class Token(NamedTuple):
    """`kind` is `number`, `name`, `keyword`, `text`, `op` or `end`; `value` is ready to use."""

    kind: str
    value: Any
    at: int


def tokens(source: str) -> list[Token]:
    """All tokens, with an `end` last; raise ExpressionSyntaxError."""
    _check_characters(source)
    found: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            hint = _HINTS.get(source[at], "This character has no meaning here.")
            raise ExpressionSyntaxError(hint, at)
        if match.lastgroup != "space":
            found.append(_token(str(match.lastgroup), match.group(), at, source))
        at = match.end()
    found.append(Token("end", "", at))
    return found


def _check_characters(source: str) -> None:
    if "\0" in source:
        raise ExpressionSyntaxError("NUL characters are not allowed.", source.index("\0"))
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        raise ExpressionSyntaxError("Lone surrogates are not allowed.", error.start) from None
    if size > MAX_SOURCE_BYTES:
        message = f"An expression has at most {MAX_SOURCE_BYTES:,} bytes; this one has {size:,}."
        raise ExpressionSyntaxError(message, 0, "expression_too_long")


def _token(kind: str, text: str, at: int, source: str) -> Token:
    if kind == "name":
        return Token("keyword" if text in KEYWORDS else "name", text, at)
    if kind == "text":
        return Token(kind, _unescaped(text[1:-1], at + 1), at)
    if kind == "number":
        following = source[at + len(text) : at + len(text) + 1]
        if following.isalnum() or following == "_":
            raise ExpressionSyntaxError("A number ends where letters begin; names begin with a letter.", at)
        return Token(kind, _number(text, at), at)
    return Token(kind, text, at)


def _number(text: str, at: int) -> int | float:
    if text.isdigit():
        if len(text) <= 20 and (whole := int(text)) <= MOST_INT:
            return whole
        raise ExpressionSyntaxError("Whole numbers have at most 64 bits.", at)
    number = float(text)
    if not math.isfinite(number):
        raise ExpressionSyntaxError("The number is too large.", at)
    return number


def _unescaped(text: str, at: int) -> str:
    if "\\" not in text:
        return text

    def replace(match: re.Match[str]) -> str:
        high, low, other = match.groups()
        if other is not None:
            if other in _ESCAPES:
                return _ESCAPES[other]
            raise ExpressionSyntaxError("Unknown escape; write `\\\\` for a backslash.", at + match.start())
        return _character(int(high, 16), low, at + match.start())

    return _ESCAPE.sub(replace, text)


def _character(high: int, low: str | None, at: int) -> str:
    if 0xD800 <= high < 0xDC00 and low is not None:
        return chr(0x10000 + ((high - 0xD800) << 10) + int(low, 16) - 0xDC00)
    if 0xD800 <= high < 0xE000:
        raise ExpressionSyntaxError("Lone surrogates are not allowed.", at)
    if high == 0:
        raise ExpressionSyntaxError("NUL characters are not allowed.", at)
    return chr(high) + (_character(int(low, 16), None, at + 6) if low is not None else "")
