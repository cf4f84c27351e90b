"""Letting executions go on that a breaker held."""

from __future__ import annotations

import uuid
from random import random
from typing import Any

from django.db import connection

from studio.kernel.breaker import Phase, retry_at
from studio.kernel.clock import utcnow
from studio.kernel.ids import step_range
from studio.operations.breaker_address import configured_plan
from studio.operations.breaker_store import as_time
from studio.operations.models import Breaker
from studio.operations.services.breakers import breakers_of
from workflows.nodes import registry
from workflows.nodes.sdk import Node

MOST = 100_000
MOST_SHOWN = 1_000

_PARKED_SQL = """
SELECT id FROM workflows_execution
WHERE status = 'waiting' AND owner IS NULL AND due_at IS NOT NULL
  AND reason->>'code' = 'awaits_breaker' AND reason->>'breaker' = %(key)s
  AND (%(workspace)s::uuid IS NULL OR workspace_id = %(workspace)s::uuid)
ORDER BY due_at LIMIT %(most)s
FOR UPDATE SKIP LOCKED
"""

# Step ids carry their execution's time, so each range lies in one partition and one stretch of the index.
_STEPS_SQL = """
UPDATE workflows_step s SET due_at = w.due_at
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS w(execution_id, low, high, due_at)
WHERE s.id BETWEEN w.low AND w.high AND s.execution_id = w.execution_id AND s.status = 'waiting'
  AND s.wait->>'kind' = 'breaker' AND s.wait->>'breaker' = %s
"""
_EXECUTIONS_SQL = """
UPDATE workflows_execution e SET due_at = w.due_at
FROM unnest(%s::uuid[], %s::timestamptz[]) AS w(id, due_at) WHERE e.id = w.id
"""


def release_parked(breaker: Breaker) -> int:
    """Bring what it holds forward, in waves that double; answers how many."""
    now = utcnow().timestamp()
    state, plan = breaker.machine, configured_plan()
    with connection.cursor() as cursor:
        cursor.execute(_PARKED_SQL, {"key": breaker.key, "workspace": breaker.workspace_id, "most": MOST})
        ids: list[uuid.UUID] = [row[0] for row in cursor.fetchall()]
        due = [
            as_time(retry_at(state, plan, position=position, now=now - plan.wave_seconds, random=random()))  # noqa: S311 - jitter
            for position in range(len(ids))
        ]
        ranges = [step_range(identifier) for identifier in ids]
        lows, highs = [low for low, _ in ranges], [high for _, high in ranges]
        cursor.execute(_STEPS_SQL, [ids, lows, highs, due, breaker.key])
        cursor.execute(_EXECUTIONS_SQL, [ids, due])
    return len(ids)


def phases_by_kind(workspace_id: uuid.UUID) -> dict[str, list[dict[str, Any]]]:
    """The breakers that are not closed, by kind of node."""
    found: dict[str, list[dict[str, Any]]] = {}
    rows = breakers_of(workspace_id).exclude(phase=Phase.CLOSED.value).order_by("key")
    for key, kind, phase in rows.values_list("key", "kind", "phase")[:MOST_SHOWN]:
        found.setdefault(kind, []).append({"key": key, "phase": phase})
    return found


def has_breaker(kind: str) -> bool:
    """Whether calls of this kind fall under breakers."""
    node = registry.nodes().get(kind)
    return node is not None and type(node).breaker_of is not Node.breaker_of
