"""Versions: what was published, never changed, and always there to go back to."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict, NotFound
from studio.security.services import audit
from workflows.engine.findings import escaped
from workflows.models import Version, Workflow
from workflows.services.definitions import (
    check_definition,
    load_definition,
    problems_to_publish,
    refuse,
    store_definition,
)
from workflows.services.triggers import sync_triggers
from workflows.services.workflows import lock_workflow

_NOT_READY = "The draft is not ready to be published; `errors` says what is missing."


@transaction.atomic
def publish_workflow(
    *, workspace: Workspace, workflow_id: uuid.UUID, by: Actor, note: str = "", revision: int | None = None
) -> Version:
    """Make the draft the version that triggers run.

    A draft equal to the published version publishes nothing new. A paused workflow stays paused.
    """
    workflow = lock_workflow(workspace=workspace, workflow_id=workflow_id, revision=revision)
    if workflow.status == Workflow.Status.ARCHIVED:
        raise Conflict(
            reason="Resume the archived workflow before you publish it.", error_code="workflow_archived"
        )
    problems = problems_to_publish(workflow.draft)
    if problems:
        raise refuse(problems, _NOT_READY)
    definition = store_definition(workspace.pk, workflow.draft)
    published = workflow.versions.filter(number=workflow.published_version or 0).first()
    if published is None or published.definition_id != definition.pk:
        published = _new_version(workflow, definition.pk, note, by)
        audit.record("workflow.published", target=workflow, by=by, details={"version": published.number})
    _point_at(workflow, published)
    sync_triggers(workflow, workflow.draft)
    return published


@transaction.atomic
def restore_version(
    *, workspace: Workspace, workflow_id: uuid.UUID, number: int, by: Actor, revision: int | None = None
) -> Workflow:
    """Make the draft what version `number` was; what is published does not change."""
    workflow = lock_workflow(workspace=workspace, workflow_id=workflow_id, revision=revision)
    version = get_version(workflow, number)
    workflow.draft = load_definition(workspace.pk, version.definition_id)
    workflow.problems = [one.as_dict() for one in check_definition(workflow.draft).problems]
    workflow.revision += 1
    workflow.save(update_fields=["draft", "problems", "revision", "updated_at"])
    audit.record("workflow.restored", target=workflow, by=by, details={"version": number})
    return workflow


def get_version(workflow: Workflow, number: int) -> Version:
    version = Version.objects.filter(workflow=workflow, number=number).select_related("created_by").first()
    if version is None:
        raise NotFound(what="version")
    return version


def definition_named(workflow: Workflow, name: str) -> dict[str, Any]:
    """The definition that `draft`, `published` or a version's number names; raise NotFound or Conflict."""
    if name == "draft":
        draft: dict[str, Any] = workflow.draft
        return draft
    number = workflow.published_version if name == "published" else int(name)
    if number is None:
        raise Conflict(reason="This workflow is not published yet.", error_code="not_published")
    return load_definition(workflow.workspace_id, get_version(workflow, number).definition_id)


def diff_definitions(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What changed between two definitions: nodes by id with the pointers that differ, edges, settings."""
    old_nodes, new_nodes = _by_id(old), _by_id(new)
    old_edges, new_edges = _edges(old), _edges(new)
    return {
        "nodes": {
            "added": [node for key, node in new_nodes.items() if key not in old_nodes],
            "removed": [node for key, node in old_nodes.items() if key not in new_nodes],
            "changed": [
                {"id": key, "changes": changes}
                for key, node in new_nodes.items()
                if key in old_nodes and (changes := list(_changes(old_nodes[key], node)))
            ],
        },
        "edges": {
            "added": [edge for key, edge in new_edges.items() if key not in old_edges],
            "removed": [edge for key, edge in old_edges.items() if key not in new_edges],
        },
        "settings": list(_changes(old.get("settings") or {}, new.get("settings") or {})),
    }


def _new_version(workflow: Workflow, definition_id: uuid.UUID, note: str, by: Actor) -> Version:
    latest = Version.objects.filter(workflow=workflow).aggregate(latest=Max("number"))["latest"]
    return Version.objects.create(
        workspace_id=workflow.workspace_id,
        workflow=workflow,
        number=(latest or 0) + 1,
        definition_id=definition_id,
        note=note,
        created_by_id=by.user_id,
    )


def _point_at(workflow: Workflow, version: Version) -> None:
    status = workflow.status if workflow.status == Workflow.Status.PAUSED else Workflow.Status.PUBLISHED
    if (workflow.published_version, workflow.status) == (version.number, status):
        return
    workflow.published_version = version.number
    workflow.status = status
    workflow.revision += 1
    workflow.save(update_fields=["published_version", "status", "revision", "updated_at"])


def _by_id(definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in definition.get("nodes") or ()}


def _edges(definition: Mapping[str, Any]) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {
        (edge["from"], edge.get("port") or "success", edge["to"]): edge
        for edge in definition.get("edges") or ()
    }


def _changes(old: Any, new: Any, pointer: str = "") -> Iterator[dict[str, Any]]:
    """The smallest differing values; a list that differs is one value."""
    if old == new and type(old) is type(new):
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield {"pointer": pointer, "from": old, "to": new}
        return
    for key in [*old, *(key for key in new if key not in old)]:
        yield from _changes(old.get(key), new.get(key), f"{pointer}/{escaped(key)}")
