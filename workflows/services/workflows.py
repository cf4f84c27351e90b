"""What people do to workflows: make, change, pause, archive, delete."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from studio.accounts.access import Actor
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict, NotFound, PreconditionFailed
from studio.security.services import audit
from workflows.models import Workflow
from workflows.services.definitions import check_definition, empty_definition, refuse
from workflows.services.exchange import Imported
from workflows.services.triggers import sync_triggers

MAX_SLUG = 80
_SLUG_TRIES = 50
_TEXT_FIELDS = ("name", "description", "tags")
_BROKEN = "The definition cannot be saved; `errors` says what to change."


@transaction.atomic
def create_workflow(
    *,
    workspace: Workspace,
    by: Actor,
    name: str,
    slug: str | None = None,
    description: str = "",
    tags: list[str] | None = None,
    definition: Any = None,
) -> Workflow:
    """A new draft. A slug that is asked for must be free; one made from the name gets a number if need be."""
    draft, problems = _checked(empty_definition() if definition is None else definition)
    workflow = Workflow(
        workspace=workspace,
        name=name,
        description=description,
        tags=tags or [],
        draft=draft,
        problems=problems,
        created_by_id=by.user_id,
    )
    if slug is None:
        _save_with_free_slug(workflow)
    else:
        workflow.slug = slug
        _save_with_slug(workflow)
    audit.record("workflow.created", target=workflow, by=by)
    return workflow


def import_workflow(
    *, workspace: Workspace, by: Actor, imported: Imported, name: str | None = None
) -> Workflow:
    """A new draft from a file; `name` goes before the one in it."""
    report = check_definition(imported.definition)
    if report.broken:
        raise refuse(report.broken, _BROKEN, below=imported.place)
    return create_workflow(
        workspace=workspace,
        by=by,
        name=name or imported.name or "Imported workflow",
        description=imported.description,
        tags=imported.tags,
        definition=imported.definition,
    )


@transaction.atomic
def update_workflow(
    *,
    workspace: Workspace,
    workflow_id: uuid.UUID,
    revision: int | None,
    changes: Mapping[str, Any],
    by: Actor,
) -> Workflow:
    """Change the draft or its words; `changes` holds some of name, slug, description, tags, definition.

    `revision` is the one the change was made from; None changes whatever is there.
    """
    workflow = lock_workflow(workspace=workspace, workflow_id=workflow_id, revision=revision)
    if "definition" in changes:
        workflow.draft, workflow.problems = _checked(changes["definition"])
    for field in _TEXT_FIELDS:
        if field in changes:
            setattr(workflow, field, changes[field])
    if "slug" in changes:
        workflow.slug = changes["slug"]
    workflow.revision += 1
    _save_with_slug(workflow)
    audit.record("workflow.updated", target=workflow, by=by, details={"changed": sorted(changes)})
    return workflow


@transaction.atomic
def pause_workflow(*, workspace: Workspace, workflow_id: uuid.UUID, by: Actor) -> Workflow:
    """Let nothing start what is published; executions in progress carry on, and the draft may still be run."""
    workflow = lock_workflow(workspace=workspace, workflow_id=workflow_id)
    if workflow.status != Workflow.Status.PUBLISHED:
        raise Conflict(reason="Only a published workflow can be paused.", error_code="workflow_not_published")
    return _move(workflow, Workflow.Status.PAUSED, "workflow.paused", by)


@transaction.atomic
def resume_workflow(*, workspace: Workspace, workflow_id: uuid.UUID, by: Actor) -> Workflow:
    """Let triggers start it again, also after it was archived."""
    workflow = lock_workflow(workspace=workspace, workflow_id=workflow_id)
    if workflow.status not in (Workflow.Status.PAUSED, Workflow.Status.ARCHIVED):
        raise Conflict(
            reason="Only a paused or archived workflow can be resumed.", error_code="workflow_not_paused"
        )
    status = Workflow.Status.DRAFT if workflow.published_version is None else Workflow.Status.PUBLISHED
    return _move(workflow, status, "workflow.resumed", by)


@transaction.atomic
def archive_workflow(*, workspace: Workspace, workflow_id: uuid.UUID, by: Actor) -> Workflow:
    """Put it away: nothing starts it any more, and its history stays."""
    workflow = lock_workflow(workspace=workspace, workflow_id=workflow_id)
    if workflow.status == Workflow.Status.ARCHIVED:
        return workflow
    return _move(workflow, Workflow.Status.ARCHIVED, "workflow.archived", by)


@transaction.atomic
def delete_workflow(*, workspace: Workspace, workflow_id: uuid.UUID, revision: int | None, by: Actor) -> None:
    """Remove it with its versions, schedules and addresses. Executions keep the definition they ran."""
    workflow = lock_workflow(workspace=workspace, workflow_id=workflow_id, revision=revision)
    audit.record("workflow.deleted", target=workflow, by=by)
    workflow.delete()


def find_workflow(workspace: Workspace, reference: str) -> Workflow:
    """By id or slug; raise NotFound."""
    try:
        key: dict[str, Any] = {"pk": uuid.UUID(reference)}
    except ValueError:
        key = {"slug": reference}
    workflow = Workflow.objects.filter(workspace=workspace, **key).first()
    if workflow is None:
        raise NotFound(what="workflow")
    return workflow


def lock_workflow(*, workspace: Workspace, workflow_id: uuid.UUID, revision: int | None = None) -> Workflow:
    """The row, held until the transaction ends; raise PreconditionFailed when `revision` is not its own."""
    workflow = (
        Workflow.objects.select_for_update(of=("self",)).filter(workspace=workspace, pk=workflow_id).first()
    )
    if workflow is None:
        raise NotFound(what="workflow")
    if revision is not None and workflow.revision != revision:
        raise PreconditionFailed()
    return workflow


def _checked(definition: Any) -> tuple[dict[str, Any], list[dict[str, str]]]:
    report = check_definition(definition)
    if report.broken:
        raise refuse(report.broken, _BROKEN)
    return definition, [problem.as_dict() for problem in report.incomplete]


def _move(workflow: Workflow, status: Workflow.Status, action: str, by: Actor) -> Workflow:
    workflow.status = status
    workflow.revision += 1
    workflow.save(update_fields=["status", "revision", "updated_at"])
    sync_triggers(workflow)
    audit.record(action, target=workflow, by=by)
    return workflow


def _save_with_slug(workflow: Workflow) -> None:
    try:
        with transaction.atomic():
            workflow.save()
    except IntegrityError as error:
        if "workflow_slug_once_per_workspace" not in str(error):
            raise
        reason = f"The slug `{workflow.slug}` belongs to another workflow here."
        raise Conflict(reason=reason, error_code="slug_taken") from error


def _save_with_free_slug(workflow: Workflow) -> None:
    base = slugify(workflow.name)[:MAX_SLUG].strip("-") or "workflow"
    for attempt in range(1, _SLUG_TRIES):
        workflow.slug = base if attempt == 1 else _numbered(base, attempt)
        if Workflow.objects.filter(workspace=workflow.workspace_id, slug=workflow.slug).exists():
            continue
        try:
            _save_with_slug(workflow)
        except Conflict:
            continue
        return
    workflow.slug = _numbered(base, workflow.pk.hex[-12:])
    _save_with_slug(workflow)


def _numbered(base: str, number: int | str) -> str:
    tail = f"-{number}"
    return base[: MAX_SLUG - len(tail)].rstrip("-") + tail
