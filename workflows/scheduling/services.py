"""Keeping a workflow's schedules in step with its published definition and its status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from studio.kernel.clock import utcnow
from workflows.models import Schedule, Workflow
from workflows.scheduling.times import next_after

KIND = "trigger.schedule"


def sync_schedules(workflow: Workflow, definition: Mapping[str, Any], *, now: datetime | None = None) -> None:
    """Make, change and drop rows to fit; runs in the caller's transaction.

    A schedule that did not change keeps its next firing. One that was paused starts anew from now: a time that
    passed while it was paused was not missed.
    """
    now = now or utcnow()
    wanted = {node["id"]: node for node in definition.get("nodes") or () if node.get("kind") == KIND}
    existing = {row.node: row for row in Schedule.objects.select_for_update().filter(workflow=workflow)}
    for node_id, node in wanted.items():
        _sync_one(workflow, existing.pop(node_id, None), node, now)
    if existing:
        Schedule.objects.filter(pk__in=[row.pk for row in existing.values()]).delete()


def _sync_one(workflow: Workflow, row: Schedule | None, node: Mapping[str, Any], now: datetime) -> None:
    params = node.get("params") or {}
    disabled = bool((node.get("settings") or {}).get("disabled"))
    values = {
        "cron": params["cron"],
        "timezone": params.get("timezone") or "UTC",
        "misfire": params.get("misfire") or Schedule.Misfire.ONCE,
        "is_active": workflow.status == Workflow.Status.PUBLISHED and not disabled,
    }
    if row is None:
        row = Schedule(workspace_id=workflow.workspace_id, workflow=workflow, node=node["id"])
    elif all(getattr(row, name) == value for name, value in values.items()):
        return
    for name, value in values.items():
        setattr(row, name, value)
    row.next_at = next_after(row.cron, row.timezone, now) if row.is_active else None
    row.save()
