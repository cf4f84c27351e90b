"""A worker's claim to life: a lease row, and a session advisory lock that dies with its connection.

Two ways to notice a death. A process that dies takes its session with it: PostgreSQL frees the lock at once,
and a peer takes over when two heartbeats are missing as well. A host or network that dies leaves the lock
held for minutes: then the lease runs out. After a restart of PostgreSQL every lock is free although every
worker lives, so the lock proves nothing until one full lease has passed. All times are PostgreSQL's.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from studio.kernel.ids import uuid7

LOCK_CLASS = 0x57_4B  # "WK": keeps our advisory locks apart from those of other users of the database

REGISTER_SQL = """
INSERT INTO operations_worker
    (id, name, host, pid, region, queues, status, slots, in_flight, finished, loop_lag_ms, version, lock_key,
     loss_counts, started_at, heartbeat_at, lease_until)
VALUES (%(id)s, %(name)s, %(host)s, %(pid)s, %(region)s, %(queues)s, 'alive', %(slots)s, 0, 0, 0, %(version)s,
        %(lock_key)s, true, now(), now(), now() + make_interval(secs => %(lease)s))
"""

BEAT_SQL = """
UPDATE operations_worker
SET heartbeat_at = now(), lease_until = now() + make_interval(secs => %(lease)s),
    in_flight = %(in_flight)s, finished = %(finished)s, loop_lag_ms = %(lag)s
WHERE id = %(id)s AND status IN ('alive', 'draining') AND lease_until > now()
RETURNING status, clock_timestamp()
"""

DRAIN_SQL = "UPDATE operations_worker SET status = 'draining' WHERE id = %s AND status = 'alive'"

# A dead worker is one whose lease ran out, or whose lock is free while two beats are missing; the lock counts
# only once PostgreSQL itself has been up for a lease.
BURY_SQL = """
UPDATE operations_worker w SET status = 'dead', stopped_at = now(),
    loss_counts = pg_postmaster_start_time() < now() - make_interval(secs => 2 * %(lease)s)
WHERE w.id IN (
    SELECT id FROM operations_worker
    WHERE status IN ('alive', 'draining') AND id <> %(me)s
      AND (lease_until < now()
           OR (heartbeat_at < now() - make_interval(secs => %(missing)s)
               AND pg_postmaster_start_time() < now() - make_interval(secs => %(lease)s)
               AND pg_try_advisory_xact_lock(%(lock_class)s, lock_key::int)))
    FOR UPDATE SKIP LOCKED)
RETURNING w.id, w.name, w.loss_counts
"""


class LeaseLost(Exception):
    """This registration is over: somebody declared it dead, or its session broke."""


@dataclass(frozen=True)
class Beat:
    """What the database says to a living worker: the status it is wanted in, and what time it is."""

    status: str
    at: datetime


@dataclass(frozen=True)
class Buried:
    """A worker declared dead; `counts` is False when the loss was the database's, not the worker's."""

    id: uuid.UUID
    name: str
    counts: bool


@dataclass
class Lease:
    """One registration, kept on one connection of its own (never through a transaction pooler)."""

    connection: AsyncConnection[Any]
    id: uuid.UUID
    seconds: float

    @classmethod
    async def register(
        cls,
        connection: AsyncConnection[Any],
        *,
        queues: Sequence[str],
        region: str,
        slots: int,
        seconds: float,
        version: str,
    ) -> Lease:
        worker = uuid7()
        lock_key = int.from_bytes(os.urandom(4), "big", signed=True)
        await connection.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, lock_key])
        await connection.execute(
            REGISTER_SQL,
            {
                "id": worker,
                "name": f"{socket.gethostname()}-{os.getpid()}",
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "region": region,
                "queues": list(queues),
                "slots": slots,
                "version": version,
                "lock_key": lock_key,
                "lease": seconds,
            },
        )
        return cls(connection, worker, seconds)

    async def beat(self, *, in_flight: int, finished: int, lag_ms: float) -> Beat:
        """Prolong the lease; raise LeaseLost when there is none left to prolong."""
        cursor = await self.connection.execute(
            BEAT_SQL,
            {
                "id": self.id,
                "lease": self.seconds,
                "in_flight": in_flight,
                "finished": finished,
                "lag": lag_ms,
            },
        )
        row = await cursor.fetchone()
        if row is None:
            raise LeaseLost(str(self.id))
        return Beat(str(row[0]), row[1])

    async def bury_the_dead(self, *, missing_seconds: float) -> list[Buried]:
        """Declare workers dead that are; each is reported to exactly one caller."""
        cursor = await self.connection.execute(
            BURY_SQL,
            {
                "me": self.id,
                "missing": missing_seconds,
                "lease": self.seconds,
                "lock_class": LOCK_CLASS,
            },
        )
        return [Buried(row[0], row[1], counts=row[2]) for row in await cursor.fetchall()]

    async def drain(self) -> None:
        """Tell everybody that this worker takes nothing new."""
        await self.connection.execute(DRAIN_SQL, [self.id])

    async def stop(self) -> None:
        """Leave in good order: nothing is held any more."""
        await retire(self.connection, self.id)


async def retire(connection: AsyncConnection[Any], worker: uuid.UUID) -> None:
    """End a registration whose process lives and has let go of everything: nobody's loss."""
    await connection.execute(
        "UPDATE operations_worker SET status = 'stopped', stopped_at = now(), in_flight = 0,"
        " loss_counts = false WHERE id = %s AND status IN ('alive', 'draining')",
        [worker],
    )
