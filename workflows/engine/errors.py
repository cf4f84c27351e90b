"""What an error looks like once it is data: in a step, along an edge, in the answer."""

from __future__ import annotations

from typing import Any

from studio.kernel.errors import Category, NodeError
from workflows.engine.expressions.frame import MAX_NESTING
from workflows.engine.expressions.values import nesting

ErrorBody = dict[str, Any]

_DEEPEST_INPUT = MAX_NESTING - 8


def error_body(
    *,
    code: str,
    category: Category,
    message: str,
    node: str | None = None,
    attempt: int | None = None,
    details: dict[str, Any] | None = None,
) -> ErrorBody:
    """What went wrong, as steps keep it. The core fills in `node` and `attempt` where they are missing."""
    body: ErrorBody = {
        "code": code,
        "category": category.value,
        "message": message,
        "node": node,
        "attempt": attempt,
    }
    return {**body, "details": details} if details else body


def body_of(error: NodeError, *, node: str | None = None, attempt: int | None = None) -> ErrorBody:
    """The same for an error that a node raised."""
    return error_body(
        code=error.public_code,
        category=error.category,
        message=str(error),
        node=node,
        attempt=attempt,
        details=error.details,
    )


def placed(error: ErrorBody, node: str, attempt: int) -> ErrorBody:
    """The error with its place, unless it came with one."""
    place = {"node": error.get("node") or node, "attempt": error.get("attempt") or attempt}
    return {**error, **place}


def error_document(error: ErrorBody, given: Any) -> dict[str, Any]:
    """What goes on after a failure that was handled; `given` was the input of the step.

    Failures that follow one another put each document into the next; where that would nest too deeply for JSON
    payloads, the input is left out.
    """
    return {"error": error, "input": given if nesting(given, _DEEPEST_INPUT) <= _DEEPEST_INPUT else None}
