"""Asking for a deed to many executions, and having a say in it while it goes on (`job_progress` does it)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict, Invalid, NotFound, Problem
from studio.security.services import audit
from workflows.models import ErrorGroup, Execution, Job
from workflows.services.hints import hint

MOST: Final = 100_000
PER_SECOND: Final = 20
MOST_PER_SECOND: Final = 1_000
SAMPLE: Final = 10
MOST_KNOWN_GROUPS: Final = 1_000
CANARY: Final = (1, 10)
"""One, then ten more, then all."""

_ITEMS_SQL: Final = "INSERT INTO workflows_jobitem (id, job_id, execution_id)"

STOPPED_BY_SOMEBODY: Final = "aborted"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """`asked` says which executions `rows` are, as the caller said it; `options` are the verb's."""

    verb: str
    rows: QuerySet[Execution]
    asked: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    canary: Sequence[int] = ()
    per_second: int = PER_SECOND
    error_group: ErrorGroup | None = None


def look_ahead(request: JobRequest) -> dict[str, Any]:
    """How many executions it would be done to, and the first of them."""
    rows = request.rows.order_by("pk")
    total = rows.order_by()[: MOST + 1].count()
    return {"verb": request.verb, "total": total, "sample": list(rows.values_list("pk", flat=True)[:SAMPLE])}


@transaction.atomic
def start_job(*, workspace: Workspace, request: JobRequest, by: Actor) -> Job:
    """Fix the set of executions now; what matches later is not touched. Raise Conflict when there is none."""
    job = Job.objects.create(
        workspace=workspace,
        error_group=request.error_group,
        verb=request.verb,
        asked=dict(request.asked),
        options=dict(request.options),
        canary=list(request.canary),
        per_second=request.per_second,
        total=0,
        actor=_kept(by),
    )
    job.total = _fix_items(job, request.rows)
    if not job.total:
        raise Conflict(reason="There is no execution to do this to.", error_code="nothing_to_do")
    if job.total > MOST:
        detail = f"These are more than {MOST:,} executions. Narrow the filter."
        raise Invalid(problems=[Problem("/filter", "too_many", detail)])
    job.known_groups = _groups_of(job)
    job.save(update_fields=["total", "known_groups"])
    audit.record("job.started", target=job, by=by, details=_noted(job))
    hint(job.workspace_id, "job", [job.pk])
    return job


def pause_job(*, workspace: Workspace, job_id: uuid.UUID, by: Actor) -> Job:
    """Start nothing more until it is continued; what was started goes on."""
    return _change(workspace, job_id, {Job.State.RUNNING}, Job.State.PAUSED, "job.paused", by)


def abort_job(*, workspace: Workspace, job_id: uuid.UUID, by: Actor) -> Job:
    """Start nothing more; what was started goes on."""
    allowed = {Job.State.RUNNING, Job.State.PAUSED}
    return _change(workspace, job_id, allowed, Job.State.STOPPED, "job.aborted", by)


def continue_job(*, workspace: Workspace, job_id: uuid.UUID, by: Actor) -> Job:
    """Go on where it was paused or had stopped itself; the failure it stopped at is no news any more."""
    return _change(
        workspace, job_id, {Job.State.PAUSED, Job.State.STOPPED}, Job.State.RUNNING, "job.continued", by
    )


@transaction.atomic
def _change(
    workspace: Workspace, job_id: uuid.UUID, allowed: set[Job.State], to: Job.State, action: str, by: Actor
) -> Job:
    job = Job.objects.select_for_update().filter(workspace=workspace, pk=job_id).first()
    if job is None:
        raise NotFound(what="job")
    reason = job.stop_reason or {}
    if job.state not in allowed or reason.get("code") == STOPPED_BY_SOMEBODY:
        raise Conflict(reason=f"The job is {job.state}.", error_code=f"job_{job.state}")
    if to == Job.State.RUNNING and reason.get("error_group"):
        job.known_groups = [*job.known_groups, uuid.UUID(reason["error_group"])]
    job.state = to
    job.stop_reason = {"code": STOPPED_BY_SOMEBODY, "by": by.actor_name} if to == Job.State.STOPPED else None
    job.finished_at = Now() if to == Job.State.STOPPED else None
    job.save()
    job.refresh_from_db()
    audit.record(action, target=job, by=by, details=_noted(job))
    hint(job.workspace_id, "job", [job.pk])
    return job


def _fix_items(job: Job, rows: QuerySet[Execution]) -> int:
    """Oldest first; answers how many there are, `MOST` + 1 for more than that."""
    chosen = rows.order_by("pk").values("pk")[: MOST + 1]
    sql, arguments = chosen.query.sql_with_params()
    items = f"SELECT uuidv7(), %s, chosen.id FROM ({sql}) AS chosen(id)"  # noqa: S608 - Django's own SQL
    with connection.cursor() as cursor:
        cursor.execute(f"{_ITEMS_SQL} {items}", [job.pk, *arguments])
        return int(cursor.rowcount)


def _groups_of(job: Job) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT e.error_group_id FROM workflows_jobitem i"
            " JOIN workflows_execution e ON e.id = i.execution_id"
            " WHERE i.job_id = %s AND e.error_group_id IS NOT NULL LIMIT %s",
            [job.pk, MOST_KNOWN_GROUPS],
        )
        return [row[0] for row in cursor.fetchall()]


def _kept(by: Actor) -> dict[str, Any]:
    return {
        "kind": by.actor_kind,
        "name": by.actor_name,
        "id": None if by.actor_id is None else str(by.actor_id),
        "user_id": None if by.user_id is None else str(by.user_id),
    }


def _noted(job: Job) -> dict[str, Any]:
    return {"verb": job.verb, "total": job.total, "asked": job.asked, "options": job.options}
