"""Keeping schedules and webhook addresses in step with what is published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.models import Version, Workflow
from workflows.runtime.ports import bound
from workflows.scheduling.services import sync_schedules
from workflows.services.definitions import load_definition


def sync_triggers(workflow: Workflow, definition: Mapping[str, Any] | None = None) -> None:
    """Fit them to the published definition and the workflow's status, within the caller's transaction."""
    if definition is None:
        if workflow.published_version is None:
            return
        version = Version.objects.get(workflow=workflow, number=workflow.published_version)
        definition = load_definition(workflow.workspace_id, version.definition_id)
    sync_schedules(workflow, definition)
    if bound.webhook_sources is not None:
        bound.webhook_sources.sync(workflow, definition)
