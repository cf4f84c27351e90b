"""Published workflows with schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from studio.accounts.api.authentication import access_of_user
from tests.studio.accounts.people import Person
from workflows.models import Schedule, Workflow
from workflows.services.versions import publish_workflow
from workflows.services.workflows import create_workflow, update_workflow


def access(person: Person) -> Any:
    return access_of_user(person.user, person.workspace.slug)


def definition(**schedules: dict[str, Any]) -> dict[str, Any]:
    nodes = [{"id": node, "kind": "trigger.schedule", "params": params} for node, params in schedules.items()]
    return {"schema": "studio/1", "nodes": [{"id": "hand", "kind": "trigger.manual"}, *nodes], "edges": []}


def published(person: Person, name: str = "Timed", **schedules: dict[str, Any]) -> Workflow:
    workflow = create_workflow(
        workspace=person.workspace, by=access(person), name=name, definition=definition(**schedules)
    )
    publish_workflow(workspace=person.workspace, workflow_id=workflow.pk, by=access(person))
    return workflow


def republished(person: Person, workflow: Workflow, **schedules: dict[str, Any]) -> None:
    update_workflow(
        workspace=person.workspace, workflow_id=workflow.pk, revision=None,
        changes={"definition": definition(**schedules)}, by=access(person),
    )  # fmt: skip
    publish_workflow(workspace=person.workspace, workflow_id=workflow.pk, by=access(person))


def due_since(moment: datetime, **changes: Any) -> None:
    """Every schedule has been due since then."""
    Schedule.objects.update(next_at=moment, **changes)
