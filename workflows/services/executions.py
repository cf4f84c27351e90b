"""What people do to executions, and executions as the API shows them whole."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel import codec
from studio.kernel.errors import Conflict, Invalid, NotFound, Problem
from studio.kernel.ids import step_id, step_range, uuid7
from studio.security.services import audit
from workflows.models import Blob, Execution, MailboxItem, Payload, Step, Workflow
from workflows.models.execution import FINAL_STATUSES
from workflows.runtime.doorbell import bell
from workflows.runtime.payload import input_shown
from workflows.services.definitions import load_definition
from workflows.services.plans import plan_of
from workflows.services.presentation import execution_event, present_execution, present_step, step_event
from workflows.services.step_inputs import StepInputs

CANCEL = "cancel"
SIGNAL = "signal"
SIGNAL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")

# What waits is queued at once. What runs is told by its owner's next look at the mail, and what parks in this
# very moment by the sweepers.
# An end wakes even what is paused or waits for a place, and needs no place.
_WAKE_SQL = """
UPDATE workflows_execution SET status = 'queued', due_at = now(), admitted = slot IS NULL OR %(ends)s
WHERE id = %(id)s AND owner IS NULL
  AND (status = 'waiting' OR (%(ends)s AND (status = 'paused' OR (status = 'queued' AND NOT admitted))))
"""


def get_execution(*, workspace: Workspace, execution_id: uuid.UUID) -> Execution:
    execution = Execution.objects.filter(workspace=workspace, pk=execution_id).first()
    if execution is None:
        raise NotFound(what="execution")
    return execution


@transaction.atomic
def cancel_execution(*, workspace: Workspace, execution_id: uuid.UUID, by: Actor) -> Execution:
    """Ask it to end: running steps are stopped, nothing new starts. Asking twice does no harm."""
    execution = live_execution(workspace, execution_id)
    post_mail(execution, CANCEL)
    audit.record("execution.cancel_requested", target=execution, by=by)
    return execution


@transaction.atomic
def signal_execution(
    *, workspace: Workspace, execution_id: uuid.UUID, name: str, payload: Any, by: Actor
) -> Execution:
    """Give it what a `flow.wait` awaits; a signal that comes early is kept until something awaits it."""
    require_signal_name(name)
    execution = live_execution(workspace, execution_id)
    post_mail(execution, SIGNAL, name, payload)
    audit.record("execution.signalled", target=execution, by=by, details={"signal": name})
    return execution


def require_signal_name(name: str) -> None:
    if not SIGNAL_NAME.fullmatch(name):
        detail = (
            "A signal's name has letters, digits, `_`, `.` and `-`, at most 100, and no sign before them."
        )
        raise Invalid(reason=detail, problems=[Problem("", "bad_format", detail)])


def describe_execution(execution: Execution) -> dict[str, Any]:
    """An execution with what it was given and what it gave back."""
    documents = Payload.objects.filter(pk=execution.pk).first()
    return {
        **present_execution(execution),
        "workflow_name": workflow_name(execution),
        "input": input_shown(documents.input, execution.pk) if documents else None,
        "output": codec.decode(documents.output) if documents else None,
    }


def stored_document(workspace_id: uuid.UUID, identifier: uuid.UUID) -> Any:
    """What a `$blob` refers to: a blob, or under an execution's own id its input."""
    blob = Blob.objects.filter(workspace_id=workspace_id, pk=identifier).only("body").first()
    if blob is not None:
        return codec.decode(blob.body)
    execution = Execution.objects.filter(workspace_id=workspace_id, pk=identifier).only("id").first()
    documents = execution and Payload.objects.filter(pk=execution.pk).only("input").first()
    if not documents:
        raise NotFound(what="blob")
    return codec.decode(documents.input)


def workflow_name(execution: Execution) -> str | None:
    """None for an unsaved definition, and once the workflow is deleted."""
    if execution.workflow_id is None:
        return None
    return Workflow.objects.filter(pk=execution.workflow_id).values_list("name", flat=True).first()


def definition_of(execution: Execution) -> dict[str, Any]:
    """The definition it runs, as it was when it started."""
    return load_definition(execution.workspace_id, execution.definition_id)


def steps_of(execution: Execution) -> QuerySet[Step]:
    """Its steps lie side by side: their ids carry its time."""
    return Step.objects.filter(execution_id=execution.pk, pk__range=step_range(execution.pk))


def describe_steps(execution: Execution, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Steps with what each was given and what it gave back."""
    plan = plan_of(execution.workspace_id, execution.definition_id) if steps else None
    inputs: list[Any] = [None] * len(steps)
    if plan is not None:
        documents = Payload.objects.filter(pk=execution.pk).only("input").first()
        trigger = input_shown(documents.input, execution.pk) if documents else None
        inputs = StepInputs(plan, trigger, partial(_steps_by_key, execution.pk)).of(steps)
    return [
        {**present_step(step), "input": given, "output": codec.decode(step.output)}
        for step, given in zip(steps, inputs, strict=True)
    ]


def _steps_by_key(execution_id: uuid.UUID, keys: set[tuple[str, str]]) -> QuerySet[Step]:
    ids = [step_id(execution_id, node, iteration) for node, iteration in keys]
    return Step.objects.filter(pk__in=ids, execution_id=execution_id)


def events_after(execution: Execution, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """The latest event of everything that changed after `after`, in order; and where to go on, if there is more."""
    changed = steps_of(execution).filter(seq__gt=after).exclude(status="pending").order_by("seq")
    steps = list(changed.defer("output", "memo")[: limit + 1])
    events = [step_event(step, step.seq, execution.pk) for step in steps]
    if execution.seq > after:
        events.append(execution_event(execution, execution.seq))
    events.sort(key=lambda event: int(event["seq"]))
    if len(events) > limit:
        return events[:limit], int(events[limit - 1]["seq"])
    return events, None


def live_execution(workspace: Workspace, execution_id: uuid.UUID) -> Execution:
    """An execution that has not ended; raise NotFound or Conflict."""
    execution = get_execution(workspace=workspace, execution_id=execution_id)
    if execution.status in FINAL_STATUSES:
        reason = f"The execution has ended: it is {execution.status}."
        raise Conflict(reason=reason, error_code="execution_ended")
    return execution


def post_mail(execution: Execution, kind: str, name: str = "", payload: Any = None) -> None:
    """Leave word for its owner, and wake it where it waits."""
    MailboxItem.objects.create(
        id=uuid7(), execution_id=execution.pk, kind=kind, name=name, payload=codec.encode(payload)
    )
    with connection.cursor() as cursor:
        cursor.execute(_WAKE_SQL, {"id": execution.pk, "ends": kind == CANCEL})
    transaction.on_commit(partial(bell().ring, [execution.queue]))
