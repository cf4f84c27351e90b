"""PostgreSQL array literals, written in one go.

A driver that adapts every element of twenty columns by itself is the largest cost of a checkpoint; joining texts
costs a third of it. The statement's cast (`%s::uuid[]`) gives the literal its type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_WORD = re.compile(r"[A-Za-z0-9_.:/-]+", re.ASCII)
_NULL = "null"


def plain(values: Iterable[Any]) -> str:
    """Ids, numbers, booleans and times: values whose text needs no quotes."""
    return "{" + ",".join([_NULL if value is None else str(value) for value in values]) + "}"


def texts(values: Iterable[str | None]) -> str:
    """Any text; a NUL character must have been dealt with before."""
    return "{" + ",".join([_NULL if value is None else _quoted(value) for value in values]) + "}"


def _quoted(value: str) -> str:
    if _WORD.fullmatch(value) and value.lower() != _NULL:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
