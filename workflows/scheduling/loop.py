"""The scheduler's process: what is due starts on time, and what nobody did in time is done after all.

Any number of them may run. Workers sweep for themselves while they live; the sweeps here are for the hour in
which none does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import psycopg
import structlog

from studio.common.committer import Connection
from workflows.runtime.bell import Bell
from workflows.runtime.connect import connect
from workflows.runtime.sweep import drop_stale_mail, requeue_lost, ripen
from workflows.scheduling.firing import fire_due, seconds_until_next

log = structlog.get_logger()

LOOK_SECONDS: Final = 0.5
"""How soon a schedule that was published meanwhile is noticed."""
LEAST_SECONDS: Final = 0.005
RETRY_SECONDS: Final = 1.0
STATEMENT_SECONDS: Final = 30.0

DROP_KEYS_SQL = """
DELETE FROM common_idempotencykey WHERE id IN (
    SELECT id FROM common_idempotencykey WHERE expires_at < now() LIMIT 5000 FOR UPDATE SKIP LOCKED)
"""
DUE_QUEUES_SQL = """
SELECT queue FROM workflows_execution
WHERE status = 'queued' AND admitted AND due_at < now() - interval '2 seconds'
UNION
SELECT queue FROM workflows_execution
WHERE status = 'queued' AND NOT admitted AND due_at < now() - interval '2 seconds'
"""

Duty = Callable[[Connection], Awaitable[set[str]]]
"""Something to be done again and again; answers the queues to ring."""


async def sweep(connection: Connection) -> set[str]:
    """What workers do for each other, done here too; and a bell for what is due and nobody took."""
    queues = await requeue_lost(connection) | await ripen(connection)
    cursor = await connection.execute(DUE_QUEUES_SQL)
    return queues | {str(row[0]) for row in await cursor.fetchall()}


async def drop_expired(connection: Connection) -> set[str]:
    """Idempotency keys whose time is over, and mail to executions that have ended."""
    await drop_stale_mail(connection)
    while True:
        cursor = await connection.execute(DROP_KEYS_SQL)
        if cursor.rowcount < 5000:
            return set()


@dataclass
class Scheduler:
    """`upkeep` holds further duties with the seconds between two rounds."""

    bell: Bell
    upkeep: list[tuple[float, Duty]] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until `stop`."""
        duties = [(2.0, sweep), (60.0, drop_expired), *self.upkeep]
        await asyncio.gather(
            self._keep("schedules", self._fire_on_time),
            *(self._keep(duty.__name__, self._repeating(seconds, duty)) for seconds, duty in duties),
        )

    def stop(self) -> None:
        self._stop.set()

    async def _keep(self, name: str, work: Callable[[Connection], Awaitable[None]]) -> None:
        """Do `work` over a connection of its own, again with a new one when the store went away."""
        while not self._stop.is_set():
            try:
                async with await connect(
                    f"scheduler {name}", statement_seconds=STATEMENT_SECONDS
                ) as connection:
                    await work(connection)
            except (psycopg.Error, OSError) as error:
                log.warning("scheduler.interrupted", duty=name, error=type(error).__name__)
                await self._pause(RETRY_SECONDS)

    async def _fire_on_time(self, connection: Connection) -> None:
        while not self._stop.is_set():
            self.bell.ring(await fire_due(connection))
            seconds = await seconds_until_next(connection)
            await self._pause(
                LOOK_SECONDS if seconds is None else min(max(seconds, LEAST_SECONDS), LOOK_SECONDS)
            )

    def _repeating(self, seconds: float, duty: Duty) -> Callable[[Connection], Awaitable[None]]:
        async def repeat(connection: Connection) -> None:
            while not self._stop.is_set():
                self.bell.ring(await duty(connection))
                await self._pause(seconds)

        return repeat

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
