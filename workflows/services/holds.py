"""Pausing a live execution and letting it go on."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Final

from django.db import connection, transaction
from django.db.models import QuerySet

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict
from studio.security.services import audit
from workflows.models import Execution, MailboxItem
from workflows.runtime.doorbell import bell
from workflows.runtime.parking import PAUSED
from workflows.services.executions import live_execution, post_mail
from workflows.services.hints import announce

PAUSE: Final = "pause"
CONTINUE: Final = "continue"

# Numbers of events belong to the owner. Nobody owns these rows, and the upper half of an epoch's numbers is
# beyond what any owner of it has given, and below what the next one will give.
_NEXT_SEQ = "greatest(seq, (epoch << 32) + 2147483648) + 1"

_PAUSE_SQL = f"""
UPDATE workflows_execution
SET status = 'paused', due_at = NULL, reason = '{{"code": "paused"}}', seq = {_NEXT_SEQ}
WHERE id = %s AND owner IS NULL AND status IN ('queued', 'waiting')
RETURNING seq
"""  # noqa: S608 - built from constants
_CONTINUE_SQL = f"""
UPDATE workflows_execution
SET status = 'queued', due_at = now(), admitted = slot IS NULL, reason = NULL, seq = {_NEXT_SEQ}
WHERE id = %s AND owner IS NULL AND status = 'paused'
RETURNING seq
"""  # noqa: S608 - built from constants


@transaction.atomic
def pause_execution(*, workspace: Workspace, execution_id: uuid.UUID, by: Actor) -> Execution:
    """Start nothing new of it; what runs may finish. Asking twice does no harm."""
    execution = _locked(workspace, execution_id)
    if execution.status == Execution.Status.ROLLING_BACK:
        raise Conflict(reason="A rollback cannot be paused.", error_code="rolling_back")
    if execution.status == Execution.Status.PAUSED and not _mail(execution, CONTINUE).exists():
        return execution
    _mail(execution, CONTINUE).delete()
    seq = _change(_PAUSE_SQL, execution)
    if seq is None:
        if not _mail(execution, PAUSE).exists():
            post_mail(execution, PAUSE)
    else:
        execution.status, execution.reason = Execution.Status.PAUSED, PAUSED
        announce(execution, "paused", seq)
    audit.record("execution.pause_requested", target=execution, by=by)
    return execution


@transaction.atomic
def continue_execution(*, workspace: Workspace, execution_id: uuid.UUID, by: Actor) -> Execution:
    """Let it go on; what became due meanwhile happens now. Raise Conflict when it is not paused."""
    execution = _locked(workspace, execution_id)
    asked, _ = _mail(execution, PAUSE).delete()
    seq = _change(_CONTINUE_SQL, execution)
    if seq is not None:
        execution.status, execution.reason = Execution.Status.QUEUED, None
        announce(execution, "resumed", seq)
        transaction.on_commit(partial(bell().ring, [execution.queue]))
    elif asked:
        post_mail(execution, CONTINUE)
    else:
        raise Conflict(
            reason=f"The execution is not paused: it is {execution.status}.", error_code="not_paused"
        )
    audit.record("execution.continue_requested", target=execution, by=by)
    return execution


def _locked(workspace: Workspace, execution_id: uuid.UUID) -> Execution:
    """The row, kept from workers until the word is on disk: the last word is the one that counts."""
    Execution.objects.select_for_update().filter(pk=execution_id, workspace=workspace).first()
    return live_execution(workspace, execution_id)


def _mail(execution: Execution, kind: str) -> QuerySet[MailboxItem]:
    return MailboxItem.objects.filter(execution_id=execution.pk, kind=kind)


def _change(statement: str, execution: Execution) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [execution.pk])
        row = cursor.fetchone()
    return None if row is None else int(row[0])
