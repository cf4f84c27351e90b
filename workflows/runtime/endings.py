"""Ending an execution that never gets to run."""

from __future__ import annotations

from studio.kernel.errors import Category, InternalError, NodeError, Permanent
from workflows.engine.errors import body_of
from workflows.runtime.records import Claimed, FencedWrite, StatusChange


def refused(claimed: Claimed, error: NodeError, *, dead_letter: bool = False) -> FencedWrite:
    """The write that ends it as failed; what our side is to blame for becomes a dead letter."""
    body = body_of(error)
    dead_letter = dead_letter or error.category is Category.INFRASTRUCTURE
    reason = {"code": "dead_letter", "detail": str(error)} if dead_letter else None
    return FencedWrite(
        execution_id=claimed.id,
        epoch=claimed.epoch,
        steps=[],
        change=StatusChange(
            status="failed",
            seq=(claimed.epoch << 32) + 1,
            reason=reason,
            error=body,
            release=True,
            final=True,
        ),
        parent_id=claimed.parent_id,
        parent_step_id=claimed.parent_step_id,
    )


def lost_too_often(claimed: Claimed) -> NodeError:
    return Permanent(
        reason=f"Its worker was lost {claimed.losses} times while it ran; it is not tried again by itself.",
        category=Category.INFRASTRUCTURE,
        error_code="lost_too_often",
    )


def internal(what: str) -> NodeError:
    """A defect of ours; the log has the rest."""
    return NodeError(
        reason=str(InternalError(what=what)), category=Category.INFRASTRUCTURE, error_code=InternalError.code
    )
