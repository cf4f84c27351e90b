"""Breakers in PostgreSQL, as the workers read and write them: a write holds only over the revision it knew."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from studio.kernel.breaker import Breaker
from studio.operations.breaker_address import BreakerAddress

Connection = AsyncConnection[tuple[object, ...]]

# Rows are sorted by id, so that two workers never wait for each other in a circle.
WRITE_SQL = """
WITH x AS (
    SELECT * FROM unnest(
        %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::jsonb[],
        %s::timestamptz[], %s::timestamptz[], %s::text[]
    ) AS x(id, workspace_id, key, kind, target, revision, phase, state, since, until, error_code)
), held AS (
    SELECT b.id FROM operations_breaker b JOIN x ON x.id = b.id AND x.revision = b.revision
    ORDER BY b.id FOR UPDATE OF b
), made AS (
    INSERT INTO operations_breaker
        (id, workspace_id, key, kind, target, revision, phase, state, since, until, error_code, reason, set_by,
         changed_at)
    SELECT id, workspace_id, key, kind, target, 1, phase, state, since, until, error_code, '', '',
           clock_timestamp()
    FROM x WHERE revision = 0 ORDER BY id
    ON CONFLICT (id) DO NOTHING
    RETURNING id, revision
), changed AS (
    UPDATE operations_breaker b
    SET revision = b.revision + 1, phase = x.phase, state = x.state, since = x.since, until = x.until,
        error_code = CASE WHEN x.error_code = '' THEN b.error_code ELSE x.error_code END,
        reason = CASE WHEN (x.state->>'forced')::boolean THEN b.reason ELSE '' END,
        set_by = CASE WHEN (x.state->>'forced')::boolean THEN b.set_by ELSE '' END,
        changed_at = clock_timestamp()
    FROM x JOIN held USING (id)
    WHERE b.id = x.id AND b.revision = x.revision
    RETURNING b.id, b.revision
)
SELECT id, revision FROM made UNION ALL SELECT id, revision FROM changed
"""

READ_SQL = """
SELECT id, workspace_id, key, kind, target, revision, state FROM operations_breaker WHERE id = ANY(%s::uuid[])
"""

# A statement may be seen a little after its clock was read, so each look goes back over the last seconds.
NEWS_SQL = """
SELECT clock_timestamp(), id, workspace_id, key, kind, target, revision, state FROM (SELECT 1) one
LEFT JOIN operations_breaker ON changed_at >= coalesce(%s::timestamptz, clock_timestamp()) - interval '3 seconds'
"""

OPEN_SQL = """
SELECT id, workspace_id, key, kind, target, revision, state FROM operations_breaker
WHERE phase <> 'closed' LIMIT 10000
"""


@dataclass(frozen=True, slots=True)
class BreakerRow:
    address: BreakerAddress
    revision: int
    breaker: Breaker


@dataclass(frozen=True, slots=True)
class BreakerWrite:
    """The next state, worked out from `revision` (0: there was no row)."""

    address: BreakerAddress
    revision: int
    breaker: Breaker
    error_code: str


async def write(connection: Connection, writes: Sequence[BreakerWrite]) -> dict[uuid.UUID, int]:
    """The new revisions of what was written; what is missing had changed meanwhile."""
    arrays = [
        [w.address.id for w in writes],
        [w.address.workspace_id for w in writes],
        [w.address.key for w in writes],
        [w.address.kind for w in writes],
        [w.address.target for w in writes],
        [w.revision for w in writes],
        [w.breaker.phase.value for w in writes],
        [orjson.dumps(w.breaker.as_document()).decode() for w in writes],
        [as_time(w.breaker.since) for w in writes],
        [as_time(w.breaker.until) for w in writes],
        [w.error_code for w in writes],
    ]
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(WRITE_SQL, arrays)
        return dict(await cursor.fetchall())


async def read(connection: Connection, ids: Sequence[uuid.UUID]) -> list[BreakerRow]:
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(READ_SQL, [list(ids)])
        return _rows(await cursor.fetchall())


async def not_closed(connection: Connection) -> list[BreakerRow]:
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(OPEN_SQL)
        return _rows(await cursor.fetchall())


async def news(connection: Connection, since: datetime | None) -> tuple[datetime, list[BreakerRow]]:
    """The database's time, and what changed since a time it told before."""
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(NEWS_SQL, [since])
        rows = await cursor.fetchall()
    return rows[0][0], _rows(row[1:] for row in rows if row[1] is not None)


def as_time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _rows(found: Iterable[Sequence[Any]]) -> list[BreakerRow]:
    return [
        BreakerRow(
            BreakerAddress(identifier, workspace, key, kind, target), revision, Breaker.from_document(state)
        )
        for identifier, workspace, key, kind, target, revision, state in found
    ]
