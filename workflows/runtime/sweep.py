"""What heals by itself: executions of lost owners, waits that are due, mail that woke nobody.

Every statement here may run in any number of workers at once and any number of times.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import structlog

from studio.common.committer import Connection
from studio.kernel import codec
from workflows.runtime import payload
from workflows.runtime.records import Mail
from workflows.runtime.rows import blobs

log = structlog.get_logger()

REQUEUE_LOST_SQL = """
WITH lost AS (
    SELECT e.id, coalesce(w.loss_counts, true) AS counts
    FROM workflows_execution e LEFT JOIN operations_worker w ON w.id = e.owner
    WHERE e.owner IS NOT NULL AND (w.id IS NULL OR w.status IN ('dead', 'stopped'))
    ORDER BY e.id LIMIT 1000
    FOR UPDATE OF e SKIP LOCKED
)
UPDATE workflows_execution e
SET owner = NULL, status = 'queued', due_at = now(), losses = e.losses + lost.counts::int,
    reason = '{"code": "worker_lost"}'::jsonb
FROM lost WHERE e.id = lost.id
RETURNING e.queue
"""

RIPEN_SQL = """
WITH ripe AS (
    SELECT id FROM workflows_execution
    WHERE status = 'waiting' AND owner IS NULL AND due_at <= now()
    ORDER BY due_at LIMIT 1000
    FOR UPDATE SKIP LOCKED
)
UPDATE workflows_execution e SET status = 'queued', admitted = e.slot IS NULL
FROM ripe WHERE e.id = ripe.id RETURNING e.queue
"""

# What is paused sleeps through everything but a word to end or to go on. An end takes no place of its own.
WAKE_SQL = """
WITH mailed AS (
    SELECT e.id, m.urgent
    FROM (SELECT execution_id, bool_or(kind = 'cancel') AS urgent, bool_or(kind = 'continue') AS continued
          FROM workflows_mailbox WHERE NOT held GROUP BY execution_id LIMIT 1000) m
    JOIN workflows_execution e ON e.id = m.execution_id
    WHERE e.owner IS NULL AND (e.status = 'waiting' OR (e.status = 'paused' AND (m.urgent OR m.continued))
                               OR (e.status = 'queued' AND NOT e.admitted AND m.urgent))
    FOR UPDATE OF e SKIP LOCKED
)
UPDATE workflows_execution e SET status = 'queued', due_at = now(), admitted = e.slot IS NULL OR mailed.urgent
FROM mailed WHERE e.id = mailed.id
RETURNING e.queue
"""

MAIL_FOR_OWNER_SQL = """
SELECT m.id, m.execution_id, m.kind, m.name, m.payload, m.held
FROM workflows_mailbox m JOIN workflows_execution e ON e.id = m.execution_id
WHERE e.owner = %s AND NOT m.held
ORDER BY m.id LIMIT 1000
"""

MAIL_OF_SQL = """
SELECT id, execution_id, kind, name, payload, held FROM workflows_mailbox
WHERE execution_id = ANY(%s::uuid[]) ORDER BY id
"""

ENDS_SQL = """
SELECT e.id, e.status, e.error, p.output
FROM workflows_execution e JOIN workflows_payload p ON p.id = e.id WHERE e.id = ANY(%s::uuid[])
"""

# Mail to executions that have ended is of no use to anybody.
MAIL_SWEEP_SQL = """
DELETE FROM workflows_mailbox m USING workflows_execution e
WHERE e.id = m.execution_id AND e.finished_at IS NOT NULL AND m.created_at < now() - interval '1 minute'
"""


async def requeue_lost(connection: Connection) -> set[str]:
    """Give back what dead, stopped or unknown workers held; answers the queues to ring."""
    cursor = await connection.execute(REQUEUE_LOST_SQL)
    rows = await cursor.fetchall()
    if rows:
        log.warning("executions.requeued", count=len(rows))
    return {str(row[0]) for row in rows}


async def ripen(connection: Connection) -> set[str]:
    """Queue the waits that are due, and those that have unread mail; answers the queues to ring."""
    queues: set[str] = set()
    for statement in (RIPEN_SQL, WAKE_SQL):
        cursor = await connection.execute(statement)
        queues |= {str(row[0]) for row in await cursor.fetchall()}
    return queues


async def mail_for_owner(connection: Connection, worker: uuid.UUID) -> list[Mail]:
    """Unread mail of everything this worker holds."""
    return await _read(connection, MAIL_FOR_OWNER_SQL, [worker])


async def mail_of(connection: Connection, executions: Sequence[uuid.UUID]) -> list[Mail]:
    """All mail of these executions, what an earlier owner held included."""
    return await _read(connection, MAIL_OF_SQL, [list(executions)])


async def drop_stale_mail(connection: Connection) -> None:
    await connection.execute(MAIL_SWEEP_SQL)


async def _read(connection: Connection, statement: str, arguments: list[Any]) -> list[Mail]:
    cursor = await connection.execute(statement, arguments, binary=True)
    mails = [_mail(row) for row in await cursor.fetchall()]
    await _read_ends(connection, [mail for mail in mails if mail.kind == "child_ended"])
    return mails


async def _read_ends(connection: Connection, mails: list[Mail]) -> None:
    """The end of a child is told by its id alone; what it yielded is read where it lies."""
    if not mails:
        return
    cursor = await connection.execute(ENDS_SQL, [[mail.id for mail in mails]], binary=True)
    ends: dict[Any, tuple[Any, ...]] = {row[0]: row for row in await cursor.fetchall()}
    outputs = {identifier: payload.load(row[3]) for identifier, row in ends.items()}
    referred = {key: blob for key, value in outputs.items() if (blob := payload.reference(value)) is not None}
    loaded = await blobs(connection, list(referred.values()))
    for mail in mails:
        _, status, error, _ = ends.get(mail.id, (mail.id, "failed", None, None))
        output = loaded.get(referred[mail.id]) if mail.id in referred else outputs.get(mail.id)
        mail.payload = {"output": output, "error": None if status == "succeeded" else error or _ended(status)}


def _ended(status: str) -> dict[str, Any]:
    category = "cancelled" if status == "cancelled" else "infrastructure"
    return {"code": f"child_{status}", "category": category, "message": f"It ended as {status}."}


def _mail(row: tuple[object, ...]) -> Mail:
    identifier, execution, kind, name, payload, held = row
    return Mail(
        id=identifier,  # type: ignore[arg-type]
        execution_id=execution,  # type: ignore[arg-type]
        kind=str(kind),
        name=str(name),
        payload=codec.decode(payload),  # type: ignore[arg-type]
        held=bool(held),
    )
