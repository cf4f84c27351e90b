"""What a job can do to an execution."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict, NotFound
from workflows.models import Execution
from workflows.services.executions import cancel_execution
from workflows.services.holds import continue_execution, pause_execution
from workflows.services.resume import SAME, ResumeRequest, prepare_resumption, resume

Deed = Callable[[Workspace, uuid.UUID, Mapping[str, Any], Actor], uuid.UUID | None]
"""Do it to one execution; answers the execution that was started, if the deed is only over once that ends."""


@dataclass(frozen=True, slots=True)
class JobVerb:
    """`permission`: what may be done to one execution must be allowed to do it to many."""

    permission: str
    do: Deed


def _cancel(workspace: Workspace, execution_id: uuid.UUID, options: Mapping[str, Any], by: Actor) -> None:
    cancel_execution(workspace=workspace, execution_id=execution_id, by=by)


def _pause(workspace: Workspace, execution_id: uuid.UUID, options: Mapping[str, Any], by: Actor) -> None:
    pause_execution(workspace=workspace, execution_id=execution_id, by=by)


def _continue(workspace: Workspace, execution_id: uuid.UUID, options: Mapping[str, Any], by: Actor) -> None:
    continue_execution(workspace=workspace, execution_id=execution_id, by=by)


def _retry(workspace: Workspace, execution_id: uuid.UUID, options: Mapping[str, Any], by: Actor) -> uuid.UUID:
    """From what failed, on the version that was chosen; only where nobody has gone on from it yet."""
    _require_retriable(workspace, execution_id)
    request = ResumeRequest(version=options.get("version", SAME))
    prepared = prepare_resumption(workspace=workspace, execution_id=execution_id, request=request)
    return resume(prepared, by=by).pk


def _require_retriable(workspace: Workspace, execution_id: uuid.UUID) -> None:
    """Locks the execution, so that of two jobs over it one comes second."""
    found = Execution.objects.select_for_update().filter(workspace=workspace, pk=execution_id)
    status = found.values_list("status", flat=True).first()
    if status is None:
        raise NotFound(what="execution")
    if status not in RETRIABLE:
        reason = f"The execution is {status}: there is nothing to retry."
        raise Conflict(reason=reason, error_code="nothing_failed")
    gone_on = Execution.objects.filter(resumed_from=execution_id).values_list("pk", flat=True).first()
    if gone_on is not None:
        raise Conflict(reason=f"It was gone on from already, as {gone_on}.", error_code="resumed_already")


RETRIABLE: Final = ("failed", "cancelled")

VERBS: Final[dict[str, JobVerb]] = {
    "cancel": JobVerb("execution.cancel", _cancel),
    "pause": JobVerb("execution.cancel", _pause),
    "continue": JobVerb("execution.cancel", _continue),
    "retry": JobVerb("execution.resume", _retry),
}
