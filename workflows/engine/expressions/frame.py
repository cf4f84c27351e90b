"""One evaluation: the values it may see, and what is left of its bounds.

Steps stand for time and memory alike. Straight-line code is bounded by the length of its source, so only
loops, functions and the making of text and lists pay: one step per element or per 256 characters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workflows.engine.expressions.errors import ExpressionError

MAX_SOURCE_BYTES = 4 * 1024
MAX_DEPTH = 32
MAX_STEPS = 100_000
MAX_RESULT_BYTES = 1024 * 1024
MAX_NESTING = 64

BlobLoader = Callable[[dict[str, Any]], Any]
"""Turns `{"$blob": …}` into its value. Whoever builds a scope applies it: expressions only see loaded values."""


class Frame:
    """State of one evaluation; never shared between two."""

    __slots__ = ("locals", "scope", "steps")

    def __init__(self, scope: Mapping[str, Any], slots: int = 0) -> None:
        self.scope = scope
        self.steps = MAX_STEPS
        self.locals: list[Any] = [None] * slots

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionError(f"The expression needs more than {MAX_STEPS:,} steps.")

    def make_text(self, length: int) -> None:
        """Pay for text of that many characters before it is made."""
        if length > MAX_RESULT_BYTES:
            raise ExpressionError("The expression makes text of more than 1 MiB.")
        self.spend(length >> 8)


Closure = Callable[[Frame], Any]
