"""Executions and steps as workers leave them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from studio.accounts.models import Workspace
from studio.kernel import codec
from studio.kernel.ids import step_id, time_of, uuid7
from workflows.models import Execution, Payload, Step, Workflow
from workflows.services.definitions import store_definition


def execution(
    workspace: Workspace,
    definition: dict[str, Any],
    *,
    at: datetime | None = None,
    workflow: Workflow | None = None,
    given: Any = None,
    output: Any = None,
    **more: Any,
) -> Execution:
    """A row that was accepted `at` and is `queued` unless `more` says otherwise."""
    identifier = uuid7(None if at is None else int(at.timestamp() * 1000))
    values = {
        "status": "queued", "trigger_node": "start", "trigger_kind": "trigger.manual", "queue": "default",
        "region": "local", "created_at": time_of(identifier), **more,
    }  # fmt: skip
    row = Execution.objects.create(
        id=identifier,
        workspace=workspace,
        workflow=workflow,
        definition_id=store_definition(workspace.pk, definition).pk,
        **values,
    )
    Payload.objects.create(
        id=identifier, input=codec.encode(given), output=None if output is None else codec.encode(output)
    )
    return row


def step(of: Execution, node: str, kind: str, seq: int, *, iteration: str = "", **more: Any) -> Step:
    """A step that succeeded unless `more` says otherwise."""
    at = of.created_at + timedelta(seconds=seq)
    values = {
        "status": "succeeded", "attempt": 1, "port": "success", "queued_at": at, "started_at": at,
        "finished_at": at, **more,
    }  # fmt: skip
    for name in ("output", "memo"):
        if name in values:
            values[name] = codec.encode(values[name])
    return Step.objects.create(
        id=step_id(of.pk, node, iteration),
        execution_id=of.pk,
        node=node,
        kind=kind,
        iteration=iteration,
        seq=seq,
        **values,
    )


def missing() -> uuid.UUID:
    """An id that nothing has."""
    return uuid7()
