"""Storing events in groups: one statement, deduplicated by the sender's own key in the same statement."""

from __future__ import annotations

import uuid
from collections.abc import Hashable, Sequence
from typing import Any, Final

from studio.common.committer import Connection
from webhooks.inbound.records import NewEvent, Stored

KEEP_KEY_SECONDS: Final = 7 * 24 * 3600
"""Longer than any provider tries again by itself."""

STORE_SQL = """
WITH new AS (
    SELECT * FROM unnest(
        %b::uuid[], %b::uuid[], %b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[],
        %b::text[], %b::text[], %b::text[]::jsonb[], %b::bytea[], %b::text[]
    ) AS new(id, workspace_id, source_id, workflow_id, node, status, reason, method, path, query, headers,
             body, dedup_key)
), keys AS (
    INSERT INTO common_idempotencykey AS kept
        (id, workspace_id, scope, key, body_hash, ref, created_at, updated_at, expires_at)
    SELECT id, workspace_id, 'hook:' || source_id, dedup_key, ''::bytea, id, now(), now(),
           now() + make_interval(secs => %s)
    FROM new WHERE dedup_key IS NOT NULL
    ON CONFLICT (workspace_id, scope, key) DO UPDATE
        SET ref = excluded.ref, expires_at = excluded.expires_at, updated_at = excluded.updated_at
        WHERE kept.expires_at < now()
    RETURNING ref
)
INSERT INTO webhooks_event
    (id, workspace_id, source_id, workflow_id, node, status, reason, method, path, query, headers, body,
     dedup_key, received_at, processed_at)
SELECT id, workspace_id, source_id, workflow_id, node, status, reason, method, path, query, headers, body,
       dedup_key, now(), CASE WHEN status = 'processed' THEN now() END
FROM new WHERE dedup_key IS NULL OR EXISTS (SELECT 1 FROM keys WHERE keys.ref = new.id)
RETURNING id
"""

EARLIER_SQL = """
SELECT scope, key, ref FROM common_idempotencykey
JOIN unnest(%s::uuid[], %s::text[], %s::text[]) AS wanted(w, s, k) ON workspace_id = w AND scope = s AND key = k
"""

PRESENT_SQL = "SELECT id FROM webhooks_event WHERE id = ANY(%s::uuid[])"

Key = tuple[str, str]


class EventWriter:
    """Stores events in groups (studio.common.committer.Writer)."""

    def key(self, row: NewEvent) -> Hashable:
        return _key(row) or ("", str(row.id))

    def size(self, row: NewEvent) -> int:
        return 256 + len(row.body) + len(row.headers) + len(row.query)

    async def write(self, connection: Connection, rows: Sequence[NewEvent]) -> Sequence[Stored]:
        cursor = await connection.execute(STORE_SQL, parameters(_folded(rows)), binary=True)
        stored = {row[0] for row in await cursor.fetchall()}
        return await self._settled(connection, rows, stored)

    async def look_up(self, connection: Connection, rows: Sequence[NewEvent]) -> Sequence[Stored | None]:
        cursor = await connection.execute(PRESENT_SQL, [[row.id for row in rows]], binary=True)
        present = {row[0] for row in await cursor.fetchall()}
        return [Stored(row.id) if row.id in present else None for row in rows]

    async def _settled(
        self, connection: Connection, rows: Sequence[NewEvent], stored: set[Any]
    ) -> list[Stored]:
        lost = {key: row for row in rows if row.id not in stored and (key := _key(row))}
        if not lost:
            return [Stored(row.id) for row in rows]
        columns = [
            [row.source.workspace_id for row in lost.values()],
            [scope for scope, _ in lost],
            [key for _, key in lost],
        ]
        cursor = await connection.execute(EARLIER_SQL, columns, binary=True)
        earlier: dict[Key, uuid.UUID] = {(s, k): ref for s, k, ref in await cursor.fetchall()}  # type: ignore[misc]
        return [
            Stored(row.id) if row.id in stored else Stored(earlier[_key(row) or ("", "")], duplicate=True)
            for row in rows
        ]


def parameters(rows: Sequence[NewEvent]) -> list[Any]:
    """What STORE_SQL takes, in its order."""
    columns: list[list[Any]] = [[] for _ in range(13)]
    for row in rows:
        source = row.source
        values = (
            row.id, source.workspace_id, source.id, source.workflow_id, source.node, row.status, row.reason,
            row.method, row.path, row.query, row.headers, row.body, row.dedup_key,
        )  # fmt: skip
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return [*columns, KEEP_KEY_SECONDS]


def _key(row: NewEvent) -> Key | None:
    return None if row.dedup_key is None else (f"hook:{row.source.id}", row.dedup_key)


def _folded(rows: Sequence[NewEvent]) -> list[NewEvent]:
    """Drop the later of two rows with the same key: one statement may touch a key once."""
    seen: set[Key] = set()
    kept = []
    for row in rows:
        key = _key(row)
        if key is not None:
            if key in seen:
                continue
            seen.add(key)
        kept.append(row)
    return kept
