"""Executions, steps and events as every door shows them: API, WebSocket and commands.

Documents are shown as they are stored: `{"$blob": …}` refers to a blob, and a key `$blob` of somebody's own
reads `$$blob`, so that nobody takes one for the other.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from studio.kernel.clock import rfc3339
from workflows.engine.steps import RETRY

_EVENT_OF_STATUS = {"running": "started"}
_PATH_PART = re.compile(r"([a-z]+)\.(\d+)")


class ExecutionRow(Protocol):
    """What is shown of an execution; the model and the runtime's records both have it."""

    @property
    def id(self) -> UUID: ...
    @property
    def workflow_id(self) -> UUID | None: ...
    @property
    def version(self) -> int | None: ...
    @property
    def status(self) -> str: ...
    @property
    def trigger_node(self) -> str | None: ...
    @property
    def trigger_kind(self) -> str: ...
    @property
    def error(self) -> Any: ...
    @property
    def reason(self) -> Any: ...
    @property
    def queue(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def priority(self) -> int: ...
    @property
    def parent_id(self) -> UUID | None: ...
    @property
    def resumed_from(self) -> UUID | None: ...
    @property
    def tags(self) -> list[str]: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def started_at(self) -> datetime | None: ...
    @property
    def finished_at(self) -> datetime | None: ...


class StepRow(Protocol):
    """What is shown of a step, its documents aside."""

    @property
    def id(self) -> UUID: ...
    @property
    def node(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def iteration(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def attempt(self) -> int: ...
    @property
    def handled(self) -> bool: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def error(self) -> Any: ...
    @property
    def cache(self) -> Any: ...
    @property
    def wait(self) -> Any: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def queued_at(self) -> datetime | None: ...
    @property
    def started_at(self) -> datetime | None: ...
    @property
    def finished_at(self) -> datetime | None: ...


def shown_columns(row: type[ExecutionRow] | type[StepRow]) -> tuple[str, ...]:
    """The columns that presentation reads of such a row."""
    return tuple(name for name, member in vars(row).items() if isinstance(member, property))


def execution_url(execution_id: UUID) -> str:
    return f"/api/v1/executions/{execution_id}"


def present_execution(row: ExecutionRow) -> dict[str, Any]:
    """An execution as lists show it: without its documents, which lie apart."""
    return {
        "id": str(row.id),
        "workflow": _text(row.workflow_id),
        "version": row.version,
        "status": row.status,
        "trigger": {"node": row.trigger_node, "kind": row.trigger_kind},
        "error": row.error,
        "reason": row.reason,
        "queue": row.queue,
        "region": row.region,
        "priority": row.priority,
        "parent": _text(row.parent_id),
        "resumed_from": _text(row.resumed_from),
        "tags": list(row.tags),
        "created_at": rfc3339(row.created_at),
        "started_at": _time(row.started_at),
        "finished_at": _time(row.finished_at),
        "url": execution_url(row.id),
    }


def present_step(row: StepRow) -> dict[str, Any]:
    """A step without its input and output."""
    return {
        "id": str(row.id),
        "node": row.node,
        "kind": row.kind,
        "iteration": iteration_path(row.iteration),
        "status": row.status,
        "attempt": row.attempt,
        "handled": row.handled,
        "reason": row.reason,
        "error": row.error,
        "cache": row.cache,
        "due_at": _time(row.due_at),
        "queued_at": _time(row.queued_at),
        "started_at": _time(row.started_at),
        "finished_at": _time(row.finished_at),
    }


def iteration_path(text: str) -> list[dict[str, Any]]:
    """`each.3/loop.2` as a list of its parts."""
    return [{"scope": scope, "index": int(index)} for scope, index in _PATH_PART.findall(text)]


def execution_event(row: ExecutionRow, seq: int) -> dict[str, Any]:
    """The latest event of an execution, as its row tells it."""
    at = row.finished_at or row.started_at or row.created_at
    name = _EVENT_OF_STATUS.get(row.status, row.status)
    return {
        "type": f"execution.{name}",
        "seq": seq,
        "at": rfc3339(at),
        "execution": present_execution(row),
        "step": None,
    }


def step_event(row: StepRow, seq: int, execution_id: UUID) -> dict[str, Any]:
    """The latest event of a step, as its row tells it; a pending step had none."""
    at = row.finished_at or row.started_at or row.queued_at
    return {
        "type": f"step.{_step_event_name(row)}",
        "seq": seq,
        "at": _time(at),
        "execution": str(execution_id),
        "step": present_step(row),
    }


def _step_event_name(row: StepRow) -> str:
    if row.status == "waiting" and (row.wait or {}).get("kind") == RETRY:
        return "retrying"
    return _EVENT_OF_STATUS.get(row.status, row.status)


def _time(value: datetime | None) -> str | None:
    return None if value is None else rfc3339(value)


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
