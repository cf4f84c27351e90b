"""Something to hit for every address with an id, made again whenever the last caller removed it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Final

from studio.accounts.access import SYSTEM
from studio.accounts.models import ApiKey, Workspace
from studio.accounts.roles import Role
from studio.accounts.services.api_keys import create_api_key
from studio.kernel import codec
from studio.kernel.ids import uuid7
from studio.security.models import Credential
from studio.security.services.credentials import create_credential
from tests.workflows.definitions import GREET, definition, node
from tests.workflows.failures import dead, failed, group_of
from tests.workflows.rows import execution, step
from webhooks.models import Source
from workflows.models import Blob, DeadLetter, ErrorGroup, Execution, Job, Variable, Workflow
from workflows.services.grouping import group_failures
from workflows.services.jobs import JobRequest, start_job
from workflows.services.versions import publish_workflow
from workflows.services.workflows import create_workflow

HOOKED = definition(
    node("start", "trigger.manual"),
    node("hook", "trigger.webhook"),
    node("hello", "data.set", values={"text": "Hello {{ trigger.name }}"}),
    edges=[{"from": "start", "to": "hello"}, {"from": "hook", "to": "hello"}],
)


def _workflow(workspace: Workspace) -> uuid.UUID:
    found = Workflow.objects.filter(workspace=workspace).exclude(status="archived").first()
    if found is None or found.published_version is None:
        found = create_workflow(workspace=workspace, by=SYSTEM, name="Target", definition=HOOKED)
        publish_workflow(workspace=workspace, workflow_id=found.pk, by=SYSTEM)
    return found.pk


def _execution(workspace: Workspace, status: str = "waiting") -> uuid.UUID:
    found = Execution.objects.filter(workspace=workspace, status=status).first()
    if found is None:
        found = execution(workspace, GREET, given={"name": "Ada"}, status=status, reason={"code": "signal"})
        step(found, "start", "trigger.manual", 1, output={"name": "Ada"})
        step(found, "hello", "data.set", 2, status="failed", error={
            "code": "broken", "category": "bug", "message": "It broke.", "node": "hello", "attempt": 1,
        })  # fmt: skip
    return found.pk


def _ended_execution(workspace: Workspace) -> uuid.UUID:
    return _execution(workspace, "failed")


def _variable(workspace: Workspace) -> uuid.UUID:
    return Variable.objects.get_or_create(workspace=workspace, name="target", defaults={"value": 1})[0].pk


def _blob(workspace: Workspace) -> uuid.UUID:
    found = Blob.objects.filter(workspace_id=workspace.pk).first()
    return (found or Blob.objects.create(
        id=uuid7(), workspace_id=workspace.pk, media_type="application/json", size_bytes=1, sha256="",
        body=codec.encode([1]),
    )).pk  # fmt: skip


def _credential(workspace: Workspace) -> uuid.UUID:
    found = Credential.objects.filter(workspace=workspace).first()
    return (found or create_credential(
        workspace=workspace, by=SYSTEM, name="Target", kind="http.bearer", fields={"token": "t"}
    )).pk  # fmt: skip


def _api_key(workspace: Workspace) -> uuid.UUID:
    found = ApiKey.objects.filter(workspace=workspace, name="Target", revoked_at=None).first()
    return (found or create_api_key(workspace=workspace, name="Target", role=Role.VIEWER, by=SYSTEM).key).pk


def _source(workspace: Workspace) -> uuid.UUID:
    _workflow(workspace)
    return Source.objects.filter(workspace=workspace).latest("created_at").pk


def _error_group(workspace: Workspace) -> uuid.UUID:
    """One without a job at work on it."""
    found = ErrorGroup.objects.filter(workspace=workspace, state="new", jobs=None).first()
    return (
        found or group_of(failed(workspace, f"Broken as never before: {'x' * ErrorGroup.objects.count()}."))
    ).pk


def _dead_letter(workspace: Workspace) -> uuid.UUID:
    found = DeadLetter.objects.filter(workspace=workspace, state="open").first()
    if found is not None:
        return found.pk
    row = dead(workspace, given={"name": "Ada"})
    step(row, "start", "trigger.manual", 1, output={"name": "Ada"})
    group_failures()
    return row.pk


def _job(workspace: Workspace) -> uuid.UUID:
    found = Job.objects.filter(workspace=workspace, state="running").first()
    if found is None:
        _execution(workspace)
        rows = Execution.objects.filter(workspace=workspace)
        found = start_job(workspace=workspace, request=JobRequest(verb="cancel", rows=rows), by=SYSTEM)
    return found.pk


TARGETS: dict[str, Callable[[Workspace], uuid.UUID]] = {
    "/workflows/": _workflow,
    "/executions/": _execution,
    "/variables/": _variable,
    "/blobs/": _blob,
    "/credentials/": _credential,
    "/api-keys/": _api_key,
    "/webhooks/sources/": _source,
    "/error-groups/": _error_group,
    "/dead-letters/": _dead_letter,
    "/jobs/": _job,
}


BREAKER: Final = "http.request:api.example.com:443"
"""A key that a breaker may have, though none needs to be there."""

OF_ENDED: Final = ("/resume", "/retry")


def target(path: str, workspace: Workspace) -> uuid.UUID | None:
    """An object that the path's id may name; None where none can be made."""
    if path.startswith("/api/v1/executions/{id}") and path.endswith(OF_ENDED):
        return _ended_execution(workspace)
    for prefix, make in TARGETS.items():
        if path.startswith(f"/api/v1{prefix}{{id}}"):
            return make(workspace)
    return None
