"""What is done to a cluster, one kind a method, and how it is seen that it has recovered."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from redis import Redis

from tests.chaos.cluster import LEASE_SECONDS, Cluster
from tests.chaos.proxy import Proxy

AWAY_SECONDS = 0.5
FROZEN_SECONDS = 4.0
ON_THE_WIRE = frozenset(
    {
        "freeze a worker past its lease",
        "cut a worker off past its lease",
        "cut workers' connections",
        "lose answers of PostgreSQL",
        "lose answers of the ledger",
    }
)
"""They need workers that are at work."""

STRANDED_SQL = """
SELECT count(*) FROM workflows_execution e LEFT JOIN operations_worker w ON w.id = e.owner
WHERE e.owner IS NOT NULL
  AND (w.id IS NULL OR w.id = ANY(%s) OR w.status NOT IN ('alive', 'draining'))
"""
OF_PIDS_SQL = "SELECT id FROM operations_worker WHERE pid = ANY(%s) AND status IN ('alive', 'draining')"


Victims = list[uuid.UUID]
Strike = Callable[[], Awaitable[Victims | None]]


@dataclass
class Faults:
    """Each method strikes once; those that take time return when the fault itself is over.

    They answer the registrations of the workers they hit, where these will not be heard of again.
    """

    cluster: Cluster
    ledger: Proxy
    rng: random.Random

    def kinds(self) -> dict[str, Strike]:
        return {
            "kill a worker": self.kill_worker,
            "kill all workers": self.kill_all_workers,
            "drain a worker": self.drain_worker,
            "freeze a worker past its lease": self.freeze_worker,
            "cut a worker off past its lease": self.partition,
            "cut workers' connections": self.cut_connections,
            "lose answers of PostgreSQL": self.lose_commit_answers,
            "lose answers of the ledger": self.lose_ledger_answers,
            "kill the ingress": self.kill_ingress,
            "kill the web process": self.kill_web,
            "kill the scheduler": self.kill_scheduler,
            "kill Valkey": self.kill_valkey,
            "flush Valkey": self.flush_valkey,
            "freeze Valkey": self.freeze_valkey,
            "restart PostgreSQL": self.restart_postgres,
            "crash PostgreSQL": self.crash_postgres,
        }

    async def kill_worker(self) -> Victims:
        return await self._kill([self.rng.choice(self.cluster.workers())])

    async def kill_all_workers(self) -> Victims:
        return await self._kill(self.cluster.workers())

    async def drain_worker(self) -> None:
        """As a rolling restart does; it hands on what it holds."""
        self.cluster.drain(self.rng.choice(self.cluster.workers()))

    async def freeze_worker(self) -> Victims:
        """Its peers have taken over by the time it wakes up with all it knew."""
        name = self.rng.choice(self.cluster.workers())
        victims = await holders(self.cluster.database_url, [self.cluster.pid(name)])
        self.cluster.freeze(name)
        try:
            await asyncio.sleep(LEASE_SECONDS + 1.5)
        finally:
            self.cluster.thaw(name)
        return victims

    async def partition(self) -> Victims:
        """Nothing of one worker gets through for longer than a lease; then what it had sent arrives, late."""
        name = self.rng.choice(self.cluster.workers())
        victims = await holders(self.cluster.database_url, [self.cluster.pid(name)])
        await self.cluster.ways[name].stall(LEASE_SECONDS + 1.5)
        return victims

    async def cut_connections(self) -> None:
        for way in (*self.cluster.ways.values(), self.ledger):
            way.cut()

    async def lose_commit_answers(self) -> None:
        for way in self.cluster.ways.values():
            way.swallow_answers()

    async def lose_ledger_answers(self) -> None:
        self.ledger.swallow_answers()

    async def kill_ingress(self) -> None:
        self.cluster.kill("ingress")

    async def kill_web(self) -> None:
        self.cluster.kill("web")

    async def kill_scheduler(self) -> None:
        self.cluster.kill("scheduler")

    async def kill_valkey(self) -> None:
        await asyncio.to_thread(self.cluster.kill_valkey)
        await self._stores_come_back()

    async def flush_valkey(self) -> None:
        def flush() -> None:
            with Redis.from_url(self.cluster.redis_url) as client:
                client.flushall()

        await asyncio.to_thread(flush)

    async def freeze_valkey(self) -> None:
        """Its connections stay open and answer nothing."""
        self.cluster.signal_valkey(signal.SIGSTOP)
        try:
            await asyncio.sleep(FROZEN_SECONDS)
        finally:
            self.cluster.signal_valkey(signal.SIGCONT)

    async def restart_postgres(self) -> None:
        await asyncio.to_thread(self.cluster.stop_postgres, signal.SIGINT)
        await self._stores_come_back()

    async def crash_postgres(self) -> None:
        await asyncio.to_thread(self.cluster.stop_postgres, signal.SIGQUIT)
        await self._stores_come_back()

    async def _kill(self, names: Sequence[str]) -> Victims:
        victims = await holders(self.cluster.database_url, [self.cluster.pid(name) for name in names])
        for name in names:
            self.cluster.kill(name)
        return victims

    async def _stores_come_back(self) -> None:
        await asyncio.sleep(AWAY_SECONDS)
        await asyncio.to_thread(self.cluster.ensure_stores)


async def holders(url: str, pids: Sequence[int]) -> list[uuid.UUID]:
    """The registrations that these processes work under; none while the database is away."""
    try:
        return [row[0] for row in await _rows(url, OF_PIDS_SQL, [list(pids)])]
    except (psycopg.Error, OSError):
        return []


async def nothing_stranded(url: str, victims: Sequence[uuid.UUID]) -> None:
    """Return when everything that is held is held by a worker that lives, and nothing by `victims`."""
    while True:
        with contextlib.suppress(psycopg.Error, OSError):
            if await _rows(url, STRANDED_SQL, [list(victims)]) == [(0,)]:
                return
        await asyncio.sleep(0.05)


async def _rows(url: str, statement: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=3)
    async with connection:
        return await (await connection.execute(statement, arguments)).fetchall()
