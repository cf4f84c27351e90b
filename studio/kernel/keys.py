"""Every name that Studio uses in Valkey, in one place.

Braces are cluster hash tags: keys that one command touches together lie on one node. Each key says how long
it lives; channels live no longer than their subscribers. Broker keys belong to Celery.
"""

from __future__ import annotations

import uuid

WATCHED_SECONDS = 60
"""How long a watcher's announcement holds; whoever still watches announces itself again in time."""


def execution_channel(execution_id: uuid.UUID | str) -> str:
    """Pub/sub: JSON lists of event frames of one execution."""
    return f"events:{execution_id}"


def workspace_channel(workspace_id: uuid.UUID | str) -> str:
    """Pub/sub: JSON lists of hints to refetch, for everybody in a workspace."""
    return f"hints:{workspace_id}"


def watched_key(watched_id: uuid.UUID | str) -> str:
    """Somebody watches this execution or workspace; lives WATCHED_SECONDS."""
    return f"{{watched}}:{watched_id}"


def breaker_channel() -> str:
    """Pub/sub: empty words that some breaker changed; what it is like now lies in PostgreSQL."""
    return "breakers"


def sign_in_key(digest: str) -> str:
    """Failed attempts to sign in from one address at one account; lives for the window of the throttle."""
    return f"sign_in:{digest}"


def ticket_key(digest: str) -> str:
    """A one-time ticket for a WebSocket, under the SHA-256 of its secret; lives for 30 seconds."""
    return f"ticket:{digest}"
