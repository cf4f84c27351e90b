"""Checkpoints: every write of a worker carries its fence and is refused when that fence is stale.

A write joins on (execution, owner, epoch). The execution row is locked by the same statement (FOR SHARE, or
by its own update), so a take-over either waits for the write or is seen by it; an id that is missing from the
answer was fenced, and its run is dropped.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import orjson

from studio.common.committer import Connection
from workflows.runtime.arrays import plain, texts
from workflows.runtime.records import BlobRow, FencedWrite, NewMail, StatusChange, StepRow
from workflows.runtime.submit import SUBMIT_SQL, parameters

WRITE_SQL = """
WITH x AS (
    SELECT * FROM unnest(
        %s::uuid[], %s::bigint[], %s::text[], %s::bigint[], %s::jsonb[], %s::jsonb[], %s::timestamptz[],
        %s::boolean[], %s::boolean[], %s::bytea[], %s::float8[], %s::uuid[], %s::uuid[]
    ) AS x(id, epoch, status, seq, reason, error, due_at, release, final, output, active, parent_id,
           parent_step)
), locked AS (
    SELECT e.id FROM workflows_execution e JOIN x ON e.id = x.id
    WHERE x.status IS NULL AND e.owner = %s AND e.epoch = x.epoch
    FOR SHARE OF e
), changed AS (
    UPDATE workflows_execution e
    SET status = x.status, seq = x.seq, reason = x.reason, error = x.error, due_at = x.due_at,
        owner = CASE WHEN x.release THEN NULL ELSE e.owner END,
        finished_at = CASE WHEN x.final THEN now() END,
        active_seconds = e.active_seconds + x.active
    FROM x WHERE e.id = x.id AND x.status IS NOT NULL AND e.owner = %s AND e.epoch = x.epoch
    RETURNING e.id, x.final, x.output, x.parent_id, x.parent_step
), fenced AS (
    SELECT id FROM locked UNION ALL SELECT id FROM changed
), steps AS (
    INSERT INTO workflows_step AS s
        (id, execution_id, node, kind, iteration, status, attempt, handled, reason, port, seq, error, wait,
         due_at, queued_at, started_at, finished_at, output, memo, cache)
    SELECT t.* FROM unnest(
        %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::boolean[],
        %s::text[], %s::text[], %s::bigint[], %s::jsonb[], %s::jsonb[], %s::timestamptz[], %s::timestamptz[],
        %s::timestamptz[], %s::timestamptz[], %s::bytea[], %s::bytea[], %s::jsonb[]
    ) AS t(id, execution_id, node, kind, iteration, status, attempt, handled, reason, port, seq, error, wait,
           due_at, queued_at, started_at, finished_at, output, memo, cache)
    JOIN fenced f ON f.id = t.execution_id
    ON CONFLICT (id) DO UPDATE SET
        status = excluded.status, attempt = excluded.attempt, handled = excluded.handled,
        reason = excluded.reason, port = excluded.port, seq = excluded.seq, error = excluded.error,
        wait = excluded.wait, due_at = excluded.due_at, started_at = excluded.started_at,
        finished_at = excluded.finished_at, output = excluded.output, memo = excluded.memo,
        cache = coalesce(excluded.cache, s.cache)
), outputs AS (
    UPDATE workflows_payload p SET output = c.output FROM changed c WHERE p.id = c.id AND c.output IS NOT NULL
), ends AS (
    INSERT INTO workflows_mailbox (id, execution_id, kind, name, payload, held, created_at)
    SELECT c.id, c.parent_id, 'child_ended', c.parent_step::text, NULL, false, now()
    FROM changed c WHERE c.final AND c.parent_step IS NOT NULL
    ON CONFLICT (id) DO NOTHING
)
SELECT id FROM fenced
"""

MAIL_READ_SQL = "DELETE FROM workflows_mailbox WHERE id = ANY(%s::uuid[]) AND execution_id = ANY(%s::uuid[])"
MAIL_HELD_SQL = (
    "UPDATE workflows_mailbox SET held = true WHERE id = ANY(%s::uuid[]) AND execution_id = ANY(%s::uuid[])"
)
MAIL_OVER_SQL = "DELETE FROM workflows_mailbox WHERE execution_id = ANY(%s::uuid[])"
MAIL_SENT_SQL = """
INSERT INTO workflows_mailbox (id, execution_id, kind, name, held, created_at)
SELECT *, false, now() FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[])
ON CONFLICT (id) DO NOTHING
"""
BLOBS_SQL = """
INSERT INTO workflows_blob (id, workspace_id, execution_id, media_type, size_bytes, sha256, body)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bigint[], %s::text[], %s::bytea[])
ON CONFLICT (id) DO NOTHING
"""


class FencedWriter:
    """Writes checkpoints in groups (`studio.common.committer.Writer`); a result tells whether its fence held."""

    def __init__(self, owner: Callable[[], uuid.UUID]) -> None:
        self._owner = owner

    def key(self, row: FencedWrite) -> Hashable:
        return row.execution_id

    def size(self, row: FencedWrite) -> int:
        steps = sum(200 + len(s.output or b"") + len(s.memo or b"") for s in row.steps)
        blobs = sum(blob.size_bytes for blob in row.blobs)
        return 200 + steps + blobs + len(row.change.output or b"" if row.change else b"")

    async def write(self, connection: Connection, rows: Sequence[FencedWrite]) -> Sequence[bool]:
        owner = self._owner()
        if not any(_has_more(row) for row in rows):
            held = await self._write_states(connection, owner, rows)
        else:
            async with connection.transaction():
                # Blobs first: a step must never refer to one that is not there.
                await self._write_blobs(connection, rows)
                held = await self._write_states(connection, owner, rows)
                await self._write_more(connection, [row for row in rows if row.execution_id in held])
        return [row.execution_id in held for row in rows]

    async def look_up(self, connection: Connection, rows: Sequence[FencedWrite]) -> Sequence[bool | None]:
        """Every write is an upsert under the fence, so an unknown outcome is settled by writing it again.

        Only an end releases its own fence: one that was committed must not read as "fenced".
        """
        ends = [row.execution_id for row in rows if row.change and row.change.release]
        if not ends:
            return [None] * len(rows)
        cursor = await connection.execute(
            "SELECT id, seq FROM workflows_execution WHERE id = ANY(%s::uuid[])", [ends], binary=True
        )
        seqs: dict[Any, Any] = dict(await cursor.fetchall())  # type: ignore[arg-type]
        return [True if _released(row, seqs.get(row.execution_id)) else None for row in rows]

    async def _write_states(
        self, connection: Connection, owner: uuid.UUID, rows: Sequence[FencedWrite]
    ) -> set[uuid.UUID]:
        arguments = [*_changes(rows), owner, owner, *step_columns([s for row in rows for s in row.steps])]
        cursor = await connection.execute(WRITE_SQL, arguments, binary=True)
        return {row[0] for row in await cursor.fetchall()}  # type: ignore[misc]

    async def _write_blobs(self, connection: Connection, rows: Sequence[FencedWrite]) -> None:
        blobs = [blob for row in rows for blob in row.blobs]
        if blobs:
            await connection.execute(BLOBS_SQL, _blobs(blobs))

    async def _write_more(self, connection: Connection, rows: Sequence[FencedWrite]) -> None:
        ids = [row.execution_id for row in rows]
        if read := [mail for row in rows for mail in row.read_mail]:
            await connection.execute(MAIL_READ_SQL, [read, ids])
        if held := [mail for row in rows for mail in row.held_mail]:
            await connection.execute(MAIL_HELD_SQL, [held, ids])
        if over := [row.execution_id for row in rows if row.change and row.change.final]:
            await connection.execute(MAIL_OVER_SQL, [over])
        if sent := [mail for row in rows for mail in row.sent_mail]:
            await connection.execute(MAIL_SENT_SQL, _mails(sent))
        if children := [child for row in rows for child in row.children]:
            await connection.execute(SUBMIT_SQL, parameters(children))


def _released(row: FencedWrite, seq: object) -> bool:
    return row.change is not None and row.change.release and row.change.seq == seq


def _has_more(row: FencedWrite) -> bool:
    return bool(row.read_mail or row.held_mail or row.sent_mail or row.children or row.blobs)


def _json(value: Any) -> str | None:
    """JSON that jsonb takes: it knows no NUL character, which only texts from outside bring in."""
    if value is None:
        return None
    text = orjson.dumps(value).decode()
    return orjson.dumps(_without_nul(value)).decode() if "\\u0000" in text else text


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\x00", "")
        case list():
            return [_without_nul(item) for item in value]
        case dict():
            return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


_NO_CHANGE = StatusChange(status="", seq=0)


def _changes(rows: Sequence[FencedWrite]) -> list[Any]:
    changes = [row.change or _NO_CHANGE for row in rows]
    return [
        plain([row.execution_id for row in rows]),
        plain([row.epoch for row in rows]),
        texts([change.status or None for change in changes]),
        plain([change.seq for change in changes]),
        texts([_json(change.reason) for change in changes]),
        texts([_json(change.error) for change in changes]),
        plain([change.due_at for change in changes]),
        plain([change.release for change in changes]),
        plain([change.final for change in changes]),
        [change.output for change in changes],
        plain([change.active_seconds for change in changes]),
        plain([row.parent_id for row in rows]),
        plain([row.parent_step_id for row in rows]),
    ]


def step_columns(steps: Sequence[StepRow]) -> list[Any]:
    """The column arrays of the steps in WRITE_SQL, in its order."""
    return [
        plain([step.id for step in steps]),
        plain([step.execution_id for step in steps]),
        texts([step.node for step in steps]),
        texts([step.kind for step in steps]),
        texts([step.iteration for step in steps]),
        texts([step.status for step in steps]),
        plain([step.attempt for step in steps]),
        plain([step.handled for step in steps]),
        texts([step.reason for step in steps]),
        texts([step.port for step in steps]),
        plain([step.seq for step in steps]),
        texts([_json(step.error) for step in steps]),
        texts([_json(step.wait) for step in steps]),
        plain([step.due_at for step in steps]),
        plain([step.queued_at for step in steps]),
        plain([step.started_at for step in steps]),
        plain([step.finished_at for step in steps]),
        [step.output for step in steps],
        [step.memo for step in steps],
        texts([_json(step.cache) for step in steps]),
    ]


def _mails(mails: Sequence[NewMail]) -> list[list[Any]]:
    return [
        [mail.id for mail in mails],
        [mail.execution_id for mail in mails],
        [mail.kind for mail in mails],
        [mail.name for mail in mails],
    ]


def _blobs(blobs: Sequence[BlobRow]) -> list[list[Any]]:
    return [
        [b.id for b in blobs],
        [b.workspace_id for b in blobs],
        [b.execution_id for b in blobs],
        [b.media_type for b in blobs],
        [b.size_bytes for b in blobs],
        [b.sha256 for b in blobs],
        [b.body for b in blobs],
    ]
