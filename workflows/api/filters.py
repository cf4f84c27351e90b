"""What lists of executions can be narrowed by.

Status, workflow and time each have an index; the others pick from the list as it is walked, newest first.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from studio.kernel.ids import lower_bound
from workflows.api.base import as_uuid
from workflows.engine.kinds import TRIGGER_PREFIX
from workflows.models import Execution, Workflow

_NAMED_WORKFLOWS = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def with_workflow_names(rows: QuerySet[Execution]) -> QuerySet[Execution]:
    """Workflows joined in, without their drafts."""
    return rows.select_related("workflow").defer("workflow__draft", "workflow__problems")


def filter_executions(
    rows: QuerySet[Execution], asked: Mapping[str, Any], workspace_id: uuid.UUID
) -> QuerySet[Execution]:
    """Ids are times, so a span of time is a range of the list's own index."""
    if "workflow" in asked:
        rows = rows.filter(workflow_id=asked["workflow"])
    if "status" in asked:
        rows = _with_status(rows, asked["status"])
    if "trigger" in asked:
        rows = rows.filter(trigger_kind=TRIGGER_PREFIX + asked["trigger"].removeprefix(TRIGGER_PREFIX))
    if "started_after" in asked:
        rows = rows.filter(pk__gte=lower_bound(max(asked["started_after"], _EPOCH)))
    if "started_before" in asked:
        rows = rows.filter(pk__lt=lower_bound(max(asked["started_before"], _EPOCH)))
    if "error_group" in asked:
        rows = rows.filter(error_group_id=asked["error_group"])
    if "min_duration" in asked:
        least = timedelta(seconds=asked["min_duration"])
        rows = rows.filter(finished_at__gte=F("started_at") + least)
    if "region" in asked:
        rows = rows.filter(region=asked["region"])
    if "q" in asked:
        rows = rows.filter(_search(asked["q"], workspace_id))
    return rows


def _with_status(rows: QuerySet[Execution], status: str) -> QuerySet[Execution]:
    """What runs has an owner, and of owners there is an index; the planner cannot know that."""
    if status == Execution.Status.RUNNING:
        return rows.filter(status=status, owner__isnull=False)
    return rows.filter(status=status)


def _search(text: str, workspace_id: uuid.UUID) -> Q:
    identifier = as_uuid(text)
    if identifier is not None:
        return Q(pk=identifier)
    named = Workflow.objects.filter(workspace_id=workspace_id, name__icontains=text)
    workflows = list(named.values_list("pk", flat=True)[:_NAMED_WORKFLOWS])
    return Q(workflow_id__in=workflows) | Q(tags__contains=[text])
