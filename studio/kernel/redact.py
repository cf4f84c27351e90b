"""Secrets never reach a log: what looks like one is replaced, by its name and by its shape.

Names decide for structured values (`password`, `authorization` …); shapes decide within text (API keys,
bearer tokens, passwords in URLs). This is the second line of defence: nothing should hand a secret to a log
at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"
MAX_DEPTH = 8

_NAME = re.compile(
    r"(password|passwd|secret|token|authorization|cookie|credential|signature|private_?key|api_?key|encryption_?key"
    r"|session_?id|csrf)",
    re.IGNORECASE,
)
# Names that hold such a word and yet no secret: identifiers, counts and places in a list.
_HARMLESS = re.compile(
    r"(_id|_ids|_count|_name|_names|_kind|_at|_hash_prefix)$|^(tokens|credential)$|(page|sync|continuation)_?token$",
    re.IGNORECASE,
)
_NO_SECRETS = frozenset({"", "true", "false", HIDDEN})
_SHAPES = (
    (re.compile(r"\bstu_([0-9a-zA-Z-]{4,64})_[0-9a-zA-Z_-]{8,}"), r"stu_\1_" + HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), r"\1 " + HIDDEN),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^/\s:@]*):[^/\s@]+@", re.IGNORECASE), r"\1:" + HIDDEN + "@"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=]{8,}"), "whsec_" + HIDDEN),
)


def is_secret_name(name: str) -> bool:
    """Whether a field of this name is hidden, whatever it holds."""
    return _NAME.search(name) is not None and _HARMLESS.search(name) is None


def holds_secret(value: Any) -> bool:
    """Whether a text in it looks like a secret, by its shape or by the name it stands under, however deep it lies."""
    left = [(value, False)]
    while left:
        held, is_named = left.pop()
        if isinstance(held, str):
            if is_named and held.lower() not in _NO_SECRETS:
                return True
            if any(shape.search(held) for shape, _ in _SHAPES):
                return True
        elif isinstance(held, Mapping):
            left += [(one, is_named or is_secret_name(str(name))) for name, one in held.items()]
        elif isinstance(held, list | tuple):
            left += [(one, is_named) for one in held]
    return False


def redact_text(text: str) -> str:
    """The text with everything that has the shape of a secret replaced."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def redact(value: Any, depth: int = 0) -> Any:
    """A copy without secrets; what lies deeper than `MAX_DEPTH` is hidden as well."""
    if isinstance(value, str):
        return redact_text(value)
    if depth >= MAX_DEPTH and isinstance(value, Mapping | list | tuple):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _redact_field(str(key), held, depth) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [redact(held, depth + 1) for held in value]
    return value


def _redact_field(name: str, value: Any, depth: int) -> Any:
    if value is not None and is_secret_name(name):
        return HIDDEN
    return redact(value, depth + 1)
