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
from studio.kernel.keys import watched_key, workspace_channel

log = structlog.get_logger()

STORE_SECONDS: Final = 1.0


def hint(workspace_id: uuid.UUID, noun: str, identifiers: Iterable[uuid.UUID]) -> None:
    """Say that these changed, once the transaction at hand is on disk; where Valkey is away nobody is told."""
    changed = list(identifiers)
    transaction.on_commit(functools.partial(_tell, workspace_id, noun, changed))


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
