"""What people do about executions that failed by no node's fault."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models.functions import Now

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict, NotFound
from studio.security.services import audit
from workflows.models import DeadLetter
from workflows.services.hints import hint
from workflows.services.resume import SAME, ResumeRequest, prepare_resumption, resume


@transaction.atomic
def retry_dead_letter(
    *, workspace: Workspace, letter_id: uuid.UUID, by: Actor, version: str | int = SAME
) -> DeadLetter:
    """Go on from what was on disk, as a new execution with a new budget of losses."""
    letter = _open(workspace, letter_id)
    request = ResumeRequest(version=version)
    prepared = prepare_resumption(workspace=workspace, execution_id=letter.pk, request=request)
    resume(prepared, by=by)
    return _noted(letter, "dead_letter.retried", by)


@transaction.atomic
def discard_dead_letter(*, workspace: Workspace, letter_id: uuid.UUID, by: Actor) -> DeadLetter:
    """Say that nothing is to be done about it; the execution stays as it is."""
    letter = _open(workspace, letter_id)
    letter.state, letter.settled_by, letter.settled_at = DeadLetter.State.DISCARDED, by.actor_name, Now()
    letter.save()
    hint(letter.workspace_id, "dead_letter", [letter.pk])
    return _noted(letter, "dead_letter.discarded", by)


def _open(workspace: Workspace, letter_id: uuid.UUID) -> DeadLetter:
    """The letter, locked: it is settled once."""
    letter = DeadLetter.objects.select_for_update().filter(workspace=workspace, pk=letter_id).first()
    if letter is None:
        raise NotFound(what="dead letter")
    if letter.state != DeadLetter.State.OPEN:
        raise Conflict(reason=f"The dead letter is {letter.state}.", error_code=f"dead_letter_{letter.state}")
    return letter


def _noted(letter: DeadLetter, action: str, by: Actor) -> DeadLetter:
    letter.refresh_from_db()
    audit.record(action, target=letter, by=by, details={"execution": str(letter.pk)})
    return letter
