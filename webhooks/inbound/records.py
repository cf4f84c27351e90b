"""What crosses between the door, the store and the worker."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """A source as the door needs it; `secrets` are in the clear, so it never leaves memory."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    workflow_id: uuid.UUID
    node: str
    methods: frozenset[str]
    authentication: str
    is_active: bool
    secrets: Sequence[str] = field(default=(), repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(slots=True, kw_only=True)
class NewEvent:
    """A request to be stored; `headers` is JSON text. `reason` says why a refused one was refused."""

    id: uuid.UUID
    source: SourceEntry
    status: str
    method: str
    path: str
    query: str
    headers: str
    body: bytes
    reason: str | None = None
    dedup_key: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """The event that holds the request: the new one, or the one that an equal key stored before."""

    event_id: uuid.UUID
    duplicate: bool = False
