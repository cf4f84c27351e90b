"""What can be wrong with an expression: badly written, or failing on the values it met.

Messages name kinds of values and functions, never the values themselves: they end up in logs and pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class ExpressionSyntaxError(ValueError):
    """The source cannot be compiled; `offset` counts characters from the start of what was given."""

    def __init__(self, message: str, offset: int, code: str = "expression_syntax") -> None:
        super().__init__(message, offset, code)
        self.message = message
        self.offset = offset
        self.code = code

    def __str__(self) -> str:
        return self.message

    def moved(self, by: int) -> ExpressionSyntaxError:
        return ExpressionSyntaxError(self.message, self.offset + by, self.code)


class ExpressionError(ValueError):
    """The expression is well written but has no answer for these values, or needs more than its bounds.

    `offset` is the place in the source when it is known; `pointer` leads to the text inside a larger value.
    """

    code: ClassVar[str] = "expression_error"

    def __init__(self, message: str, offset: int | None = None, pointer: str = "") -> None:
        super().__init__(message, offset, pointer)
        self.message = message
        self.offset = offset
        self.pointer = pointer

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Problem:
    """One thing that blocks saving: which rule, what to do, and where in the source."""

    code: str
    detail: str
    offset: int
