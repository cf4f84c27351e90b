"""What people do about failures that are alike."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict, Invalid, NotFound, Problem
from studio.security.services import audit
from workflows.engine.fingerprint import replaced_in
from workflows.models import ErrorGroup, ErrorGroupWorkflow, Execution, Job
from workflows.services.hints import hint
from workflows.services.jobs import CANARY, MOST, PER_SECOND, JobRequest, start_job
from workflows.services.resume import SAME

WORKFLOWS_SHOWN = 50
SAMPLE = 10
_OPEN = (ErrorGroup.State.NEW, ErrorGroup.State.ONGOING, ErrorGroup.State.REGRESSED)


def get_error_group(*, workspace: Workspace, group_id: uuid.UUID) -> ErrorGroup:
    group = ErrorGroup.objects.filter(workspace=workspace, pk=group_id).first()
    if group is None:
        raise NotFound(what="error group")
    return group


def resolve_group(*, workspace: Workspace, group_id: uuid.UUID, by: Actor) -> ErrorGroup:
    """Say that it is put right; seen again, it has regressed."""
    return _change(
        workspace,
        group_id,
        {*_OPEN, ErrorGroup.State.IGNORED},
        {"state": ErrorGroup.State.RESOLVED, "resolved_at": Now(), "resolved_by": by.actor_name},
        "error_group.resolved",
        by,
    )


def ignore_group(
    *,
    workspace: Workspace,
    group_id: uuid.UUID,
    by: Actor,
    until: datetime | None = None,
    count: int | None = None,
) -> ErrorGroup:
    """Leave it alone: until a time, until it was seen `count` times more, or for good."""
    ignored_until_count = None if count is None else F("count") + count
    return _change(
        workspace,
        group_id,
        {*_OPEN, ErrorGroup.State.IGNORED},
        {
            "state": ErrorGroup.State.IGNORED,
            "ignored_until": until,
            "ignored_until_count": ignored_until_count,
        },
        "error_group.ignored",
        by,
        {"until": None if until is None else until.isoformat(), "count": count},
    )


def reopen_group(*, workspace: Workspace, group_id: uuid.UUID, by: Actor) -> ErrorGroup:
    """Take back that it was resolved or ignored."""
    return _change(
        workspace,
        group_id,
        {ErrorGroup.State.RESOLVED, ErrorGroup.State.IGNORED},
        {"state": ErrorGroup.State.ONGOING},
        "error_group.reopened",
        by,
    )


def waiting_for_a_fix(group: ErrorGroup) -> QuerySet[Execution]:
    """Its executions from which nobody has gone on yet."""
    gone_on = Execution.objects.filter(resumed_from=OuterRef("pk"))
    failed = Execution.objects.filter(
        workspace_id=group.workspace_id, error_group=group, status=Execution.Status.FAILED
    )
    return failed.filter(~Exists(gone_on))


def retry_request(
    group: ErrorGroup,
    *,
    version: str | int = SAME,
    workflow_id: uuid.UUID | None = None,
    canary: Sequence[int] = CANARY,
    per_second: int = PER_SECOND,
) -> JobRequest:
    """Fix and continue: its executions, of one workflow or all, from where each failed, on the chosen version."""
    rows, asked = waiting_for_a_fix(group), {"error_group": str(group.pk)}
    if workflow_id is not None:
        rows, asked = rows.filter(workflow_id=workflow_id), {**asked, "workflow": str(workflow_id)}
    elif isinstance(version, int) and ErrorGroupWorkflow.objects.filter(error_group=group).count() > 1:
        detail = "Several workflows are hit, and each has versions of its own: name one."
        raise Invalid(problems=[Problem("/workflow", "required", detail)])
    return JobRequest(
        verb="retry",
        rows=rows,
        asked=asked,
        options={"version": version},
        canary=canary,
        per_second=per_second,
        error_group=group,
    )


@transaction.atomic
def retry_group(*, workspace: Workspace, group: ErrorGroup, request: JobRequest, by: Actor) -> Job:
    """Start the job of `retry_request`; raise Conflict while another one is at work on the group."""
    ErrorGroup.objects.select_for_update().get(pk=group.pk)
    if Job.objects.filter(error_group=group, state__in=[Job.State.RUNNING, Job.State.PAUSED]).exists():
        reason = "A job is at work on this error group already. Wait for it, or abort it."
        raise Conflict(reason=reason, error_code="job_running")
    job = start_job(workspace=workspace, request=request, by=by)
    audit.record("error_group.retried", target=group, by=by, details={"job": str(job.pk), **request.options})
    return job


def describe_group(group: ErrorGroup) -> dict[str, Any]:
    """What is shown of one group beyond its own columns."""
    hits = ErrorGroupWorkflow.objects.filter(error_group=group).select_related("workflow")
    latest = Execution.objects.filter(workspace_id=group.workspace_id, error_group=group).order_by("-pk")
    return {
        "workflows": [
            {
                "id": hit.workflow_id,
                "name": hit.workflow.name,
                "count": hit.count,
                "last_seen_at": hit.last_seen_at,
            }
            for hit in hits.order_by("-count", "pk")[:WORKFLOWS_SHOWN]
        ],
        "samples": list(
            latest.select_related("workflow").defer("workflow__draft", "workflow__problems")[:SAMPLE]
        ),
        "to_retry": waiting_for_a_fix(group)[: MOST + 1].count(),
        "job": Job.objects.filter(error_group=group).order_by("-pk").first(),
        "why": explain(group),
    }


def explain(group: ErrorGroup) -> dict[str, Any]:
    """Why these failures are one group: what they have in common, and what was left out of their messages."""
    return {
        "algorithm": group.algorithm,
        "same": {
            "kind": group.kind,
            "category": group.category,
            "code": group.code,
            "template": group.template,
        },
        "left_out": replaced_in(group.template),
    }


@transaction.atomic
def _change(
    workspace: Workspace,
    group_id: uuid.UUID,
    allowed: set[ErrorGroup.State],
    changes: Mapping[str, Any],
    action: str,
    by: Actor,
    details: Mapping[str, Any] | None = None,
) -> ErrorGroup:
    cleared = {"ignored_until": None, "ignored_until_count": None, "resolved_at": None, "resolved_by": ""}
    rows = ErrorGroup.objects.filter(workspace=workspace, pk=group_id, state__in=allowed)
    if not rows.update(**{**cleared, "state_changed_at": Now(), **changes}):
        found = get_error_group(workspace=workspace, group_id=group_id)
        raise Conflict(reason=f"The error group is {found.state}.", error_code=f"error_group_{found.state}")
    group = ErrorGroup.objects.get(pk=group_id)
    audit.record(action, target=group, by=by, details=details)
    hint(group.workspace_id, "error_group", [group.pk])
    return group
