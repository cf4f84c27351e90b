"""Starting executions outside the ingress: for people's sessions, commands and deployments of Django alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction

from studio.accounts.models import Workspace
from studio.common.idempotency import KeyReused
from studio.kernel.errors import Conflict, Invalid, NotFound, Problem
from workflows.engine.excerpt import excerpt
from workflows.engine.graph import compile_plan
from workflows.engine.plan import Plan
from workflows.models import Version, Workflow
from workflows.nodes import registry
from workflows.runtime.doorbell import bell
from workflows.runtime.records import Accepted, Idempotency
from workflows.runtime.submit import submit_now
from workflows.services.definitions import check_definition, refuse
from workflows.services.kept import begin_with
from workflows.services.pins import pinned_steps
from workflows.services.plans import plan_of
from workflows.services.room import question_about, require_room
from workflows.services.submission import RunRequest, build_execution, definition_identity

_NOT_READY = "The definition cannot run; `errors` says what to change."


@dataclass(frozen=True, slots=True)
class Runnable:
    """A definition that may run. `body` is sent where no version holds it."""

    plan: Plan
    definition_id: uuid.UUID
    body: bytes | None = None
    version: int | None = None


def start_execution(
    *,
    workspace_id: uuid.UUID,
    region: str,
    request: RunRequest,
    workflow_id: uuid.UUID | None = None,
    waiting: bool = False,
    idempotency: Idempotency | None = None,
    started_by: uuid.UUID | None = None,
    may_queue: bool = True,
) -> Accepted:
    """Accept one execution: of a workflow, or of the definition that came with the request.

    `waiting`: somebody looks on, so it goes to the queue for that. Unless it `may_queue`, raise LimitReached where
    it would have to wait for a place.
    """
    runnable = _runnable(workspace_id, workflow_id, request)
    execution = build_execution(
        workspace_id=workspace_id,
        region=region,
        request=request,
        plan=runnable.plan,
        definition_id=runnable.definition_id,
        definition_body=runnable.body,
        workflow_id=workflow_id,
        version=runnable.version,
        waiting=waiting,
        idempotency=idempotency,
        started_by=started_by,
    )
    require_room(question_about(execution, runnable.plan, request.input, may_queue=may_queue))
    with transaction.atomic():
        with connection.cursor() as cursor:
            accepted = submit_now(cursor, execution)
        if not accepted.same_body:
            raise KeyReused
        if not accepted.replayed:
            if request.use_pins and workflow_id is not None:
                begin_with(execution, runnable.plan, pinned_steps(workflow_id, runnable.plan))
            transaction.on_commit(partial(bell().ring, [execution.queue]))
    return accepted


def _runnable(workspace_id: uuid.UUID, workflow_id: uuid.UUID | None, request: RunRequest) -> Runnable:
    if workflow_id is None:
        return _given(workspace_id, request)
    return saved_definition(workspace_id, workflow_id, request.version, until=request.until)


def _given(workspace_id: uuid.UUID, request: RunRequest) -> Runnable:
    document = request.definition or {}
    problems = check_definition(document).problems
    if problems:
        raise refuse(problems, _NOT_READY)
    identifier, body = definition_identity(workspace_id, document)
    return Runnable(compile_plan(document, registry), identifier, body)


def saved_definition(
    workspace_id: uuid.UUID,
    workflow_id: uuid.UUID,
    version: str | int | None = None,
    *,
    until: str | None = None,
) -> Runnable:
    """What this version of a workflow is; raise NotFound, Conflict or Invalid.

    `version` None: the published one, or the draft while nothing is published. `until`: of a draft, no more than
    what leads to this node.
    """
    workflow = Workflow.objects.filter(workspace=Workspace(pk=workspace_id), pk=workflow_id).first()
    if workflow is None:
        raise NotFound(what="workflow")
    if workflow.status == Workflow.Status.ARCHIVED:
        raise Conflict(reason="This workflow is archived.", error_code="workflow_archived")
    if version is None:
        version = "published" if workflow.published_version else "draft"
    if version == "draft":
        return _draft(workflow) if until is None else draft_until(workflow, until)
    if workflow.status == Workflow.Status.PAUSED:
        raise Conflict(reason="This workflow is paused: resume it first.", error_code="workflow_paused")
    number = workflow.published_version if version == "published" else int(version)
    if number is None:
        raise Conflict(reason="This workflow is not published yet.", error_code="not_published")
    return _version(workflow, number)


def _draft(workflow: Workflow) -> Runnable:
    problems = check_definition(workflow.draft).problems
    if problems:
        raise refuse(problems, "The draft is not ready to run; `errors` says what is missing.")
    identifier, body = definition_identity(workflow.workspace_id, workflow.draft)
    return Runnable(compile_plan(workflow.draft, registry), identifier, body)


def draft_until(workflow: Workflow, node_id: str, *, pointer: str = "/until") -> Runnable:
    """The part of the draft that ends with this node; only what is wrong with that part is refused."""
    if all(node["id"] != node_id for node in workflow.draft.get("nodes", ())):
        raise Invalid(problems=[Problem(pointer, "unknown_node", f"The draft has no node `{node_id}`.")])
    part = excerpt(workflow.draft, node_id, registry)
    problems = check_definition(part.document).problems
    if problems:
        placed = [Problem(part.pointer(one.pointer), one.code, one.detail) for one in problems]
        raise refuse(placed, "What leads to this node is not ready to run; `errors` says what is missing.")
    identifier, body = definition_identity(workflow.workspace_id, part.document)
    return Runnable(compile_plan(part.document, registry), identifier, body)


def _version(workflow: Workflow, number: int) -> Runnable:
    version = Version.objects.filter(workflow=workflow, number=number).first()
    if version is None:
        detail = f"This workflow has no version {number}."
        raise Invalid(problems=[Problem("/version", "unknown_version", detail)])
    plan = plan_of(workflow.workspace_id, version.definition_id)
    if plan is None:
        raise Conflict(
            reason="A kind of node in this version is not installed here.", error_code="kind_missing"
        )
    return Runnable(plan, version.definition_id, version=version.number)
