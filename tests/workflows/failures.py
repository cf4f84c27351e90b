"""Failed executions, as workers leave them, and the sweep that groups them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from studio.accounts.models import Workspace
from tests.workflows.definitions import GREET
from tests.workflows.rows import execution
from workflows.models import ErrorGroup, Execution
from workflows.services.grouping import group_failures

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def failed(
    workspace: Workspace, message: str = "It broke.", *, at: datetime = NOON, **more: Any
) -> Execution:
    """GREET, failed at its node `hello`."""
    error = {"code": "broken", "category": "bug", "message": message, "node": "hello", "attempt": 1}
    return execution(
        workspace,
        more.pop("definition", GREET),
        **{"status": "failed", "error": error, "finished_at": at, "at": at, **more},
    )


def dead(workspace: Workspace, **more: Any) -> Execution:
    """One whose workers were lost too often."""
    error = {
        "code": "lost_too_often",
        "category": "infrastructure",
        "message": "Lost.",
        "node": None,
        "attempt": None,
    }
    reason = {"code": "dead_letter", "detail": "Lost."}
    return failed(workspace, error=error, reason=reason, losses=4, **more)


def group_of(execution: Execution) -> ErrorGroup:
    """The group it is in; the sweep runs first."""
    group_failures()
    execution.refresh_from_db()
    assert execution.error_group is not None
    return execution.error_group
