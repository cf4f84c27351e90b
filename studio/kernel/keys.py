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


def cache_prefix(workspace_id: uuid.UUID | str) -> str:
    """Everything the result cache holds of one workspace lies on one node of a cluster."""
    return f"{{cache:{workspace_id}}}:"


def cache_entry_key(workspace_id: uuid.UUID | str, digest: str) -> str:
    """Hash: a kept output (`v`), what lists show of it (`m`), and its times; lives as long as the output is kept."""
    return f"{cache_prefix(workspace_id)}e:{digest}"


def cache_flight_key(workspace_id: uuid.UUID | str, digest: str) -> str:
    """Who computes this output for everybody; lives for seconds, and its owner renews it."""
    return f"{cache_prefix(workspace_id)}f:{digest}"


def cache_cuts_key(workspace_id: uuid.UUID | str) -> str:
    """Hash: since when outputs of a kind, workflow, tag … count again; outlives every output before that."""
    return f"{cache_prefix(workspace_id)}cuts"


def cache_index_key(workspace_id: uuid.UUID | str, field: str) -> str:
    """Sorted set: digests by when they end, of all (`*`) or by kind, workflow, tag; lives as its longest entry."""
    return f"{cache_prefix(workspace_id)}by:{field}"


def cache_stats_key(workspace_id: uuid.UUID | str, day: str) -> str:
    """Hash: counters of one day as `<kind>|<counter>`; lives for 35 days."""
    return f"{cache_prefix(workspace_id)}stats:{day}"


def cache_shadow_key(workspace_id: uuid.UUID | str) -> str:
    """Hash: until when (µs) the whole workspace (`*`) or a workflow is measured; lives as its longest measurement."""
    return f"{cache_prefix(workspace_id)}shadow"


def cache_seen_key(workspace_id: uuid.UUID | str, digest: str) -> str:
    """An output that would be kept now; lives as long as it would be fresh."""
    return f"{cache_prefix(workspace_id)}s:{digest}"


def cache_seen_count_key(workspace_id: uuid.UUID | str) -> str:
    """How many outputs a measurement has seen; lives for a day."""
    return f"{cache_prefix(workspace_id)}seen"
