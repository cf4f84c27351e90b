"""One-time tickets: how a program opens a WebSocket without its key standing in a URL."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import orjson
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from studio.accounts.permissions import Access
from studio.kernel.clock import utcnow
from studio.kernel.errors import StoreAway
from studio.kernel.keys import ticket_key

TICKET_SECONDS: Final = 30
_PATIENCE_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Ticket:
    """`secret` goes into `?ticket=`; it opens one socket, once."""

    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TicketHolder:
    """For whom a ticket was issued."""

    workspace_id: uuid.UUID
    user_id: uuid.UUID | None
    key_id: uuid.UUID | None


def issue_ticket(access: Access) -> Ticket:
    """A ticket to watch the workspace of `access`; raise StoreAway."""
    secret = secrets.token_urlsafe(32)
    holder = {
        "workspace_id": str(access.workspace_id),
        "user_id": str(access.user_id) if access.user_id else None,
        "key_id": str(access.key_id) if access.key_id else None,
    }
    try:
        _redis().set(ticket_name(secret), orjson.dumps(holder), ex=TICKET_SECONDS)
    except RedisError as error:
        raise StoreAway(store="Valkey") from error
    return Ticket(secret, utcnow() + timedelta(seconds=TICKET_SECONDS))


def ticket_name(secret: str) -> str:
    return ticket_key(hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest())


def read_holder(kept: bytes) -> TicketHolder:
    holder = orjson.loads(kept)
    return TicketHolder(
        uuid.UUID(holder["workspace_id"]), _identifier(holder["user_id"]), _identifier(holder["key_id"])
    )


def _identifier(text: str | None) -> uuid.UUID | None:
    return None if text is None else uuid.UUID(text)


@cache
def _redis() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
    )
