"""Published workflows with a webhook trigger, and events that arrived at them."""

from __future__ import annotations

from typing import Any

from studio.accounts.api.authentication import access_of_user
from studio.kernel.clock import utcnow
from studio.kernel.ids import uuid7
from tests.studio.accounts.people import Person
from webhooks.models import Event, Source
from workflows.services.versions import publish_workflow
from workflows.services.workflows import create_workflow


def access(person: Person) -> Any:
    return access_of_user(person.user, person.workspace.slug)


def definition(*nodes: str, **params: Any) -> dict[str, Any]:
    return {
        "schema": "studio/1",
        "nodes": [{"id": node, "kind": "trigger.webhook", "params": params} for node in nodes or ("hook",)],
        "edges": [],
    }


def published(person: Person, *nodes: str, name: str = "Hooked", **params: Any) -> Source:
    """The (first) source of a new published workflow."""
    workflow = create_workflow(
        workspace=person.workspace, by=access(person), name=name, definition=definition(*nodes, **params)
    )
    publish_workflow(workspace=person.workspace, workflow_id=workflow.pk, by=access(person))
    return Source.objects.filter(workflow=workflow).order_by("node")[0]


def arrived(source: Source, body: bytes = b"{}", **fields: Any) -> Event:
    values: dict[str, Any] = {
        "id": uuid7(), "workspace_id": source.workspace_id, "source_id": source.pk,
        "workflow_id": source.workflow_id, "node": source.node, "status": "stored", "method": "POST", "path": "/",
        "query": "", "headers": {"content-type": "application/json"}, "body": body, "received_at": utcnow(),
    }  # fmt: skip
    return Event.objects.create(**{**values, **fields})
