"""Every function of the language: each declared once, with its meaning and an example that tests evaluate."""

from __future__ import annotations

from typing import Any

from workflows.engine.expressions import (  # noqa: F401 - importing a family registers it
    code_functions,
    date_functions,
    list_functions,
    number_functions,
    text_functions,
)
from workflows.engine.expressions.registry import FUNCTIONS, Function

__all__ = ["FUNCTIONS", "Function", "catalogue"]


def catalogue() -> list[dict[str, Any]]:
    """Reference for the documentation and the editor, in alphabetical order."""
    return [
        {
            "name": name,
            "signature": found.signature,
            "summary": found.summary,
            "example": {"expression": found.example, "result": found.result},
        }
        for name, found in sorted(FUNCTIONS.items())
    ]
