"""Starting what is due: any number of schedulers, one execution per schedule and instant.

A schedule is locked while it fires (SKIP LOCKED: another scheduler passes it by), and its executions are
submitted under the key (schedule, instant) in the transaction that moves it on. Either alone would do while
nothing fails; the key also holds when a row was restored from a backup or its time set back by hand.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfoNotFoundError

import structlog
from cronsim import CronSimError
from psycopg.rows import class_row

from studio.common.committer import Connection
from studio.kernel.clock import rfc3339
from studio.kernel.ids import uuid7
from studio.operations.queues import Queue
from workflows.runtime import payload
from workflows.runtime.records import Idempotency, NewExecution
from workflows.runtime.submit import SUBMIT_SQL, parameters
from workflows.scheduling.services import KIND
from workflows.scheduling.times import Firings, due_firings

log = structlog.get_logger()

BATCH: Final = 100
KEEP_KEY_SECONDS: Final = 7 * 24 * 3600

DUE_SQL = """
SELECT s.id, s.workspace_id, s.workflow_id, s.node, s.cron, s.timezone, s.misfire, s.next_at,
       w.published_version AS version, v.definition_id, t.region, now() AS now
FROM workflows_schedule s
JOIN workflows_workflow w ON w.id = s.workflow_id AND w.status = 'published'
JOIN workflows_version v ON v.workflow_id = w.id AND v.number = w.published_version
JOIN accounts_workspace t ON t.id = s.workspace_id
WHERE s.is_active AND s.next_at <= now()
ORDER BY s.next_at
LIMIT %s
FOR UPDATE OF s SKIP LOCKED
"""

MOVE_ON_SQL = """
UPDATE workflows_schedule s
SET next_at = moved.next_at, last_fired_at = coalesce(moved.fired_at, s.last_fired_at)
FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[]) AS moved(id, next_at, fired_at)
WHERE s.id = moved.id
"""

# Clocks are PostgreSQL's: the answer is a span of time, which this host can wait for whatever its clock says.
UNTIL_NEXT_SQL = """
SELECT extract(epoch FROM min(next_at) - clock_timestamp())::float8 FROM workflows_schedule
WHERE is_active AND next_at > now()
"""


@dataclass(frozen=True, slots=True)
class DueSchedule:
    id: uuid.UUID
    workspace_id: uuid.UUID
    workflow_id: uuid.UUID
    node: str
    cron: str
    timezone: str
    misfire: str
    next_at: datetime
    version: int
    definition_id: uuid.UUID
    region: str
    now: datetime


async def fire_due(connection: Connection) -> set[str]:
    """Submit everything that is due; answers the queues to ring after the commit."""
    queues: set[str] = set()
    while True:
        async with connection.transaction():
            async with connection.cursor(row_factory=class_row(DueSchedule)) as cursor:
                await cursor.execute(DUE_SQL, [BATCH])
                due = await cursor.fetchall()
            if due:
                queues |= await _fire(connection, due)
        if len(due) < BATCH:
            return queues


async def seconds_until_next(connection: Connection) -> float | None:
    """How long until the next schedule will be due; None while there is none."""
    cursor = await connection.execute(UNTIL_NEXT_SQL)
    row = await cursor.fetchone()
    return None if row is None or row[0] is None else float(str(row[0]))


async def _fire(connection: Connection, due: list[DueSchedule]) -> set[str]:
    executions: list[NewExecution] = []
    moved: list[list[Any]] = [[], [], []]
    for schedule in due:
        firings = _firings(schedule)
        executions += [execution(schedule, instant) for instant in firings.instants]
        fired_at = schedule.now if firings.instants else None
        for column, value in zip(moved, (schedule.id, firings.next_at, fired_at), strict=True):
            column.append(value)
    if executions:
        await connection.execute(SUBMIT_SQL, parameters(executions), binary=True)
    await connection.execute(MOVE_ON_SQL, moved)
    return {row.queue for row in executions}


def _firings(schedule: DueSchedule) -> Firings:
    """A schedule that cannot be read any more must not hold up the others: it stops, and the log says so."""
    try:
        return due_firings(
            schedule.cron,
            schedule.timezone,
            next_at=schedule.next_at,
            now=schedule.now,
            misfire=schedule.misfire,
        )
    except (CronSimError, ZoneInfoNotFoundError, ValueError) as error:
        log.error("schedule.unreadable", schedule=str(schedule.id), error=str(error))
        return Firings([], None)


def execution(schedule: DueSchedule, instant: datetime) -> NewExecution:
    """The execution that `schedule` starts for `instant`, under the key that makes it the only one."""
    identifier = uuid7()
    trigger = {"scheduled_for": rfc3339(instant), "fired_at": rfc3339(schedule.now)}
    stored = payload.store(trigger, workspace_id=schedule.workspace_id, execution_id=identifier)
    return NewExecution(
        id=identifier,
        workspace_id=schedule.workspace_id,
        workflow_id=schedule.workflow_id,
        version=schedule.version,
        definition_id=schedule.definition_id,
        input=stored.data,
        trigger_node=schedule.node,
        trigger_kind=KIND,
        queue=Queue.DEFAULT,
        region=schedule.region,
        idempotency=Idempotency(
            scope=f"schedule:{schedule.id}",
            key=rfc3339(instant),
            body_hash=b"",
            keep_seconds=KEEP_KEY_SECONDS,
        ),
    )
