"""Hints to refetch, for the pages of a workspace: sent after the commit, and only when somebody watches."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable
from typing import Any, Final

import orjson
import structlog
from django.conf import settings
from django.db import transaction
from redis import Redis
from redis.exceptions import RedisError

from studio.kernel.clock import rfc3339, utcnow
from studio.kernel.keys import execution_channel, watched_key, workspace_channel
from workflows.models import Execution

log = structlog.get_logger()

STORE_SECONDS: Final = 1.0


def hint(workspace_id: uuid.UUID, noun: str, identifiers: Iterable[uuid.UUID]) -> None:
    """Say that these changed, once the transaction at hand is on disk; where Valkey is away nobody is told."""
    changed = list(identifiers)
    transaction.on_commit(functools.partial(_tell, workspace_id, noun, changed))


def announce(execution: Execution, kind: str, seq: int) -> None:
    """Tell those who watch an execution of a change that no worker made, once it is on disk."""
    row = {"id": str(execution.pk), "status": execution.status, "reason": execution.reason, "error": None}
    frame = {"type": f"execution.{kind}", "seq": seq, "at": rfc3339(utcnow()), "execution": row, "step": None}
    transaction.on_commit(functools.partial(_tell_watchers, execution.pk, frame))


def _tell_watchers(execution_id: uuid.UUID, frame: dict[str, Any]) -> None:
    try:
        if _redis().exists(watched_key(execution_id)):
            _redis().publish(execution_channel(execution_id), orjson.dumps([frame]))
    except RedisError as error:
        log.warning("events.dropped", executions=1, error=type(error).__name__)


def _tell(workspace_id: uuid.UUID, noun: str, identifiers: list[uuid.UUID]) -> None:
    at = rfc3339(utcnow())
    frames: list[dict[str, Any]] = [
        {"type": f"{noun}.changed", "at": at, noun: {"id": str(identifier)}} for identifier in identifiers
    ]
    try:
        if _redis().exists(watched_key(workspace_id)):
            _redis().publish(workspace_channel(workspace_id), orjson.dumps(frames))
    except RedisError as error:
        log.warning("hints.dropped", workspace=str(workspace_id), error=type(error).__name__)


@functools.cache
def _redis() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL, socket_timeout=STORE_SECONDS, socket_connect_timeout=STORE_SECONDS
    )
