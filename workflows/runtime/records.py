"""The rows that cross between the runtime and its store."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True, kw_only=True)
class NewExecution:
    """An execution to be accepted. `definition_body` is sent when the definition may not be stored yet."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    definition_id: uuid.UUID
    input: bytes
    trigger_node: str | None
    trigger_kind: str
    queue: str
    region: str
    workflow_id: uuid.UUID | None = None
    version: int | None = None
    definition_body: bytes | None = None
    priority: int = 0
    parent_id: uuid.UUID | None = None
    parent_step_id: uuid.UUID | None = None
    depth: int = 0
    resumed_from: uuid.UUID | None = None
    started_by: uuid.UUID | None = None
    lineage_id: uuid.UUID | None = None
    tags: list[str] = field(default_factory=list)
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A caller's key within one route (`scope`), with the hash of the body it came with."""

    scope: str
    key: str
    body_hash: bytes
    keep_seconds: int = 24 * 3600


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a submission: a new execution, or the one an earlier equal submission started."""

    execution_id: uuid.UUID
    replayed: bool = False
    same_body: bool = True


@dataclass(slots=True, kw_only=True)
class Claimed:
    """An execution this worker holds now, with what it needs to go on."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    workflow_id: uuid.UUID | None
    version: int | None
    definition_id: uuid.UUID
    trigger_node: str | None
    trigger_kind: str
    queue: str
    region: str
    priority: int
    parent_id: uuid.UUID | None
    parent_step_id: uuid.UUID | None
    depth: int
    resumed_from: uuid.UUID | None
    lineage_id: uuid.UUID | None
    epoch: int
    losses: int
    seq: int
    active_seconds: float
    created_at: datetime
    started_at: datetime
    started_by: uuid.UUID | None
    slot: uuid.UUID | None
    input: bytes | None
    has_mail: bool


@dataclass(slots=True, kw_only=True)
class StepRow:
    """One step as it is checkpointed."""

    id: uuid.UUID
    execution_id: uuid.UUID
    node: str
    kind: str
    iteration: str
    status: str
    attempt: int
    handled: bool
    reason: str | None
    port: str | None
    seq: int
    error: dict[str, Any] | None
    wait: dict[str, Any] | None
    due_at: datetime | None
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    output: bytes | None
    memo: bytes | None
    cache: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class StatusChange:
    """What becomes of the execution row; `release` gives it back, `final` ends it."""

    status: str
    seq: int
    reason: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    due_at: datetime | None = None
    release: bool = False
    final: bool = False
    output: bytes | None = None
    active_seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class FencedWrite:
    """Everything one execution has to write at once; refused as a whole when its fence is stale."""

    execution_id: uuid.UUID
    epoch: int
    steps: list[StepRow]
    change: StatusChange | None = None
    read_mail: list[uuid.UUID] = field(default_factory=list)
    held_mail: list[uuid.UUID] = field(default_factory=list)
    sent_mail: list[NewMail] = field(default_factory=list)
    children: list[NewExecution] = field(default_factory=list)
    parent_id: uuid.UUID | None = None
    parent_step_id: uuid.UUID | None = None
    blobs: list[BlobRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NewMail:
    """A word from one execution to another."""

    id: uuid.UUID
    execution_id: uuid.UUID
    kind: str
    name: str = ""


@dataclass(slots=True, kw_only=True)
class BlobRow:
    """A payload above 64 KiB."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    execution_id: uuid.UUID
    media_type: str
    size_bytes: int
    sha256: str
    body: bytes


@dataclass(slots=True, kw_only=True)
class Mail:
    """A word to an execution from outside its owner."""

    id: uuid.UUID
    execution_id: uuid.UUID
    kind: str
    name: str
    payload: Any
    held: bool
