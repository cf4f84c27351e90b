"""Stored events become executions: claimed, submitted and marked in one transaction, so each exactly once."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import structlog
from psycopg.rows import class_row

from studio.common.committer import Connection
from studio.kernel.ids import uuid7
from studio.operations.queues import Queue
from webhooks.inbound.payload import trigger_payload
from webhooks.inbound.sources import KIND
from workflows.runtime.connect import connect
from workflows.runtime.doorbell import bell
from workflows.runtime.records import NewExecution
from workflows.runtime.submit import SUBMIT_SQL, parameters
from workflows.services.submission import stored_input

log = structlog.get_logger()

MOST_AT_ONCE: Final = 100
NOT_PUBLISHED: Final = "workflow_not_published"
UNPROCESSABLE: Final = "unprocessable"

CLAIM_SQL = """
SELECT e.id, e.workspace_id, e.workflow_id, e.node, e.method, e.path, e.query, e.headers, e.body,
       w.published_version AS version, v.definition_id, t.region
FROM (SELECT * FROM webhooks_event WHERE status = 'stored' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) e
JOIN accounts_workspace t ON t.id = e.workspace_id
LEFT JOIN webhooks_source s ON s.id = e.source_id AND s.is_active
LEFT JOIN workflows_workflow w ON w.id = s.workflow_id AND w.status = 'published'
LEFT JOIN workflows_version v ON v.workflow_id = w.id AND v.number = w.published_version
"""

MARK_SQL = """
UPDATE webhooks_event e
SET status = done.status, reason = done.reason, execution_id = done.execution_id, processed_at = now()
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[]) AS done(id, status, reason, execution_id)
WHERE e.id = done.id
"""


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    id: uuid.UUID
    workspace_id: uuid.UUID
    workflow_id: uuid.UUID
    node: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    version: int | None
    definition_id: uuid.UUID | None
    region: str


class StoredEvents:
    """Implements `workflows.runtime.ports.EventProcessor` over one connection of its own."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._one_at_a_time = asyncio.Lock()

    async def process(self, *, limit: int) -> int:
        async with self._one_at_a_time:
            try:
                return await self._process(min(limit, MOST_AT_ONCE))
            except (psycopg.errors.DataError, psycopg.errors.IntegrityError):
                # One of them cannot be stored; alone it is found and refused, and there are more to look at.
                await self._process_one()
                return limit
            except psycopg.OperationalError:
                self._connection = None
                raise

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _process(self, limit: int) -> int:
        connection = await self._connected()
        async with connection.transaction():
            events = await _claim(connection, limit)
            executions = [execution for event in events if (execution := execution_of(event)) is not None]
            if executions:
                await connection.execute(SUBMIT_SQL, parameters(executions), binary=True)
            if events:
                await _mark(connection, events, executions)
        if executions:
            bell().ring({execution.queue for execution in executions})
        return len(events)

    async def _process_one(self) -> None:
        connection = await self._connected()
        try:
            await self._process(1)
        except (psycopg.errors.DataError, psycopg.errors.IntegrityError) as error:
            async with connection.transaction():
                events = await _claim(connection, 1)
                for event in events:
                    log.warning("webhook.unprocessable", event_id=str(event.id), sqlstate=error.sqlstate)
                    await connection.execute(MARK_SQL, [[event.id], ["refused"], [UNPROCESSABLE], [None]])

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await connect("webhook events")
        return self._connection


def execution_of(event: ClaimedEvent) -> NewExecution | None:
    """The execution that an event starts; None when nothing is published that could take it."""
    if event.definition_id is None:
        return None
    identifier = uuid7()
    payload = trigger_payload(
        method=event.method, path=event.path, query=event.query, headers=event.headers, body=event.body
    )
    return NewExecution(
        id=identifier,
        workspace_id=event.workspace_id,
        workflow_id=event.workflow_id,
        version=event.version,
        definition_id=event.definition_id,
        input=stored_input(payload, workspace_id=event.workspace_id, execution_id=identifier),
        trigger_node=event.node,
        trigger_kind=KIND,
        queue=Queue.DEFAULT,
        region=event.region,
    )


async def _claim(connection: Connection, limit: int) -> list[ClaimedEvent]:
    async with connection.cursor(row_factory=class_row(ClaimedEvent), binary=True) as cursor:
        await cursor.execute(CLAIM_SQL, [limit])
        return await cursor.fetchall()


async def _mark(connection: Connection, events: list[ClaimedEvent], executions: list[NewExecution]) -> None:
    started = iter(executions)
    columns: list[list[Any]] = [[], [], [], []]
    for event in events:
        runs = event.definition_id is not None
        values = (
            event.id,
            "processed" if runs else "refused",
            None if runs else NOT_PUBLISHED,
            next(started).id if runs else None,
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    await connection.execute(MARK_SQL, columns)
