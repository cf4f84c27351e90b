"""Refusing at the door what would have to wait for a place: `?queue=false`, or a workflow that rejects.

What is refused here is only what is known to be full now. Two callers at once may both be let through; then the
workers' door decides (`workflows.runtime.admission`), which is exact.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from studio.kernel.errors import LimitReached
from workflows.engine.expressions import ExpressionError
from workflows.engine.plan import Plan
from workflows.runtime.admission import Slot, slot_for
from workflows.runtime.ports import bound
from workflows.runtime.records import NewExecution

RETRY_SECONDS: Final = 1.0

# A caller that repeats an accepted request is not refused.
ROOM_SQL: Final = """
SELECT
    EXISTS (SELECT FROM common_idempotencykey
            WHERE workspace_id = %s AND scope = %s AND key = %s AND expires_at > now()),
    (SELECT count(*) FROM workflows_execution
     WHERE workspace_id = %s AND slot = %s AND admitted AND status IN ('queued', 'running')),
    (SELECT l.most FROM accounts_workspace w JOIN unnest(%s::text[], %s::int[]) AS l(tier, most) ON l.tier = w.tier
     WHERE w.id = %s),
    (SELECT count(*) FROM workflows_execution
     WHERE workspace_id = %s AND slot IS NOT NULL AND admitted AND status IN ('queued', 'running'))
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask the database before an execution is accepted."""

    slot: Slot | None
    workspace_too: bool
    parameters: list[Any]

    def judge(self, row: tuple[Any, ...]) -> None:
        """Raise LimitReached when there is no room."""
        known, of_slot, most, of_workspace = row
        if known:
            return
        if self.slot is not None and of_slot >= self.slot.limit:
            said = f"The workflow runs {self.slot.limit} at once, and as many are running."
            raise _full(said, "concurrency", self.slot.limit)
        if self.workspace_too and most is not None and of_workspace >= most:
            said = f"This workspace runs {most} executions at once, and as many are running."
            raise _full(said, "workspace_concurrency", most)


def question_about(execution: NewExecution, plan: Plan, given: Any, *, may_queue: bool) -> Question | None:
    """None for what may wait."""
    slot = _slot(execution, plan, given)
    rejects = slot is not None and slot.on_limit == "reject"
    if may_queue and not rejects:
        return None
    limits: Mapping[str, int] = bound.admission.limits()
    key = execution.idempotency
    workspace = execution.workspace_id
    parameters: list[Any] = [
        workspace,
        key.scope if key else "",
        key.key if key else "",
        workspace,
        slot.id if slot else uuid.UUID(int=0),
        list(limits),
        list(limits.values()),
        workspace,
        workspace,
    ]
    return Question(slot, not may_queue, parameters)


def require_room(question: Question | None) -> None:
    if question is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(ROOM_SQL, question.parameters)
        question.judge(cursor.fetchone())


def _slot(execution: NewExecution, plan: Plan, given: Any) -> Slot | None:
    """None too when only a worker can tell, or when it will fail there."""
    limits = plan.settings.concurrency
    if limits is None or (limits.key is not None and limits.key.roots_used - {"trigger"}):
        return None
    try:
        return slot_for(limits, execution.workflow_id or execution.definition_id, {"trigger": given})
    except ExpressionError:
        return None


def _full(reason: str, code: str, most: int) -> LimitReached:
    return LimitReached(reason=reason, reason_code=code, quota=most, retry_after=RETRY_SECONDS)
