"""One row of everything the console shows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection

from studio.accounts.models import ApiKey, Membership, User, Workspace
from studio.kernel import codec
from studio.kernel.breaker import Breaker as State
from studio.kernel.clock import utcnow
from studio.kernel.ids import content_id, step_id, uuid7
from studio.operations.breaker_address import address_of
from studio.operations.models import Breaker, Worker
from studio.security.models import Credential
from webhooks.models import Source
from workflows.models import Definition, ErrorGroup, Job, Schedule, Version, Workflow

SECRET = "never-shown-anywhere"


@dataclass(frozen=True)
class World:
    """Ids by the admin's name of the model."""

    ids: dict[str, uuid.UUID]
    workspace: Workspace


def insert(table: str, **values: Any) -> None:
    columns = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(values.values()))  # noqa: S608


def make_world(owner: User) -> World:
    workspace = Workspace.objects.create(slug="acme", name="Acme")
    membership = Membership.objects.create(workspace=workspace, user=owner, role="owner")
    key = ApiKey.objects.create(workspace=workspace, name="ci", secret_hash=SECRET.encode().ljust(32)[:32])
    ids = {
        "accounts_user": owner.pk,
        "accounts_workspace": workspace.pk,
        "accounts_membership": membership.pk,
        "accounts_apikey": key.pk,
        **_workflow(workspace),
        **_history(workspace),
        **_failures(workspace),
    }
    return World(ids, workspace)


def _workflow(workspace: Workspace) -> dict[str, uuid.UUID]:
    body = codec.encode({"nodes": []})
    definition = Definition.objects.create(id=content_id(body), workspace=workspace, body=body)
    workflow = Workflow.objects.create(workspace=workspace, name="Orders", slug="orders", draft={"nodes": []})
    version = Version.objects.create(workspace=workspace, workflow=workflow, number=1, definition=definition)
    schedule = Schedule.objects.create(
        workspace=workspace, workflow=workflow, node="nightly", cron="0 3 * * *"
    )
    source = Source.objects.create(
        workspace=workspace, workflow=workflow, node="start", token=f"{SECRET}-token", methods=["POST"]
    )
    credential = Credential.objects.create(
        workspace=workspace, name="shop", kind="http.bearer", secret=SECRET.encode(), field_names=["token"]
    )
    return {
        "workflows_workflow": workflow.pk,
        "workflows_version": version.pk,
        "workflows_schedule": schedule.pk,
        "webhooks_source": source.pk,
        "security_credential": credential.pk,
    }


def _history(workspace: Workspace) -> dict[str, uuid.UUID]:
    execution, event, worker, audit = uuid7(), uuid7(), uuid7(), uuid7()
    insert(
        "workflows_execution",
        id=execution, workspace_id=workspace.pk, definition_id=uuid7(), workflow_id=uuid7(), version=3,
        status="failed", trigger_kind="trigger.manual", queue="default", region="local", started_at=utcnow(),
        finished_at=utcnow(), error='{"code": "node_timed_out", "message": "too late", "node": "fetch"}',
    )  # fmt: skip
    insert("workflows_payload", id=execution, input=codec.encode({"order": 7}), output=None)
    insert(
        "workflows_step",
        id=step_id(execution, "fetch", ""), execution_id=execution, node="fetch", kind="http.request",
        status="failed", attempt=2, seq=1, error='{"message": "too late"}', output=codec.encode([1, 2]),
    )  # fmt: skip
    insert(
        "webhooks_event",
        id=event, workspace_id=workspace.pk, source_id=uuid7(), workflow_id=uuid7(), node="start",
        status="processed", method="POST", headers=f'{{"authorization": "Bearer {SECRET}"}}',
        body=b'{"hello": "world"}', execution_id=execution, received_at=utcnow(),
    )  # fmt: skip
    insert(
        "security_auditentry",
        id=audit, actor_kind="system", action="workflow.published", target_kind="workflow",
        details='{"version": 3}',
    )  # fmt: skip
    Worker.objects.create(
        id=worker, name="host-1", host="host", pid=1, region="local", queues=["default"], slots=500,
        lock_key=1, started_at=utcnow(), heartbeat_at=utcnow(), lease_until=utcnow(),
    )  # fmt: skip
    address = address_of(workspace.pk, "http.request", "api.example.com:443")
    Breaker.objects.create(
        id=address.id, workspace=workspace, key=address.key, kind=address.kind, target=address.target,
        revision=1, state=State().as_document(), since=utcnow(), changed_at=utcnow(),
    )  # fmt: skip
    return {
        "workflows_execution": execution,
        "workflows_step": step_id(execution, "fetch", ""),
        "webhooks_event": event,
        "security_auditentry": audit,
        "operations_worker": worker,
        "operations_breaker": address.id,
    }


def _failures(workspace: Workspace) -> dict[str, uuid.UUID]:
    dead, now = uuid7(), utcnow()
    group = ErrorGroup.objects.create(
        workspace=workspace, fingerprint="0" * 32, algorithm=1, kind="http.request", category="timeout",
        code="node_timed_out", template="too late", message="too late", state_changed_at=now, count=1,
        first_seen_at=now, last_seen_at=now, last_execution_id=dead,
    )  # fmt: skip
    insert(
        "workflows_execution",
        id=dead, workspace_id=workspace.pk, definition_id=uuid7(), status="failed", trigger_kind="trigger.manual",
        queue="default", region="local", error='{"code": "lost_too_often"}', error_group_id=group.pk,
    )  # fmt: skip
    insert(
        "workflows_deadletter",
        id=dead, workspace_id=workspace.pk, code="lost_too_often", reason="Lost.", losses=4, created_at=now,
    )  # fmt: skip
    job = Job.objects.create(
        workspace=workspace, error_group=group, verb="retry", total=3, per_second=20,
        actor={"kind": "user", "name": "alice", "id": None, "user_id": None},
    )  # fmt: skip
    return {"workflows_errorgroup": group.pk, "workflows_deadletter": dead, "workflows_job": job.pk}
