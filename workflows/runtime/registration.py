"""One registration of this process as a worker: what it holds lives and dies with its lease.

Claims, sweeps, heartbeats and checkpoints each have a connection of their own. Whatever goes wrong with one of
them ends the registration: everything held is dropped unwritten, and the engine registers anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Coroutine, Iterable
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import psycopg
import structlog
from django.conf import settings

from studio.common.committer import Connection, GroupCommitter
from studio.kernel.clock import utcnow
from studio.kernel.errors import NodeError, StoreAway
from studio.operations.breakers import Breakers
from studio.operations.lease import Lease, LeaseLost, retire
from studio.operations.queues import Queue
from workflows.engine.events import StepKey
from workflows.nodes.sdk import HttpClient, Sandbox
from workflows.runtime import endings
from workflows.runtime.admission import Door, send_to_the_door
from workflows.runtime.bell import Bell
from workflows.runtime.caching import ResultCache
from workflows.runtime.claim import Turns, claim
from workflows.runtime.connect import connect
from workflows.runtime.events import Publisher
from workflows.runtime.fenced import FencedWriter
from workflows.runtime.loading import Loaded, Loader
from workflows.runtime.ports import bound
from workflows.runtime.records import Claimed, FencedWrite, NewExecution
from workflows.runtime.run import Run
from workflows.runtime.starting import state_of
from workflows.runtime.sweep import drop_stale_mail, mail_for_owner, requeue_lost, ripen
from workflows.runtime.targets import child_of

log = structlog.get_logger()

CLAIM_BATCH = 100
CLAIM_POLL_SECONDS = 1.0
ADMIT_POLL_SECONDS = 1.0
SWEEP_SECONDS = 0.25
STALE_MAIL_SECONDS = 30.0
REMIND_WITHIN_SECONDS = 60.0
EVENTS_BATCH = 100


class Process(Protocol):
    """What outlives a registration."""

    queues: tuple[str, ...]
    slots: int
    client: HttpClient
    sandbox: Sandbox
    executor: Executor
    loader: Loader
    bell: Bell
    publisher: Publisher
    breakers: Breakers
    results: ResultCache

    def drain(self) -> None: ...


class Registration:
    """Implements `workflows.runtime.host.Host`."""

    def __init__(
        self, process: Process, lease: Lease, claims: Connection, sweeps: Connection, door: Connection
    ) -> None:
        self.process = process
        self.lease = lease
        self.client, self.sandbox, self.executor = process.client, process.sandbox, process.executor
        self.breakers, self.results = process.breakers, process.results
        self.runs: dict[uuid.UUID, Run] = {}
        self.refusals: set[asyncio.Future[bool]] = set()
        self.finished = 0
        self.draining = False
        self.lost_because: str | None = None
        self._claims = claims
        self._sweeps = sweeps
        self._door = Door(door, settings.STUDIO_REGION)
        self._knock = asyncio.Event()
        self._starting = 0
        self._hungry = False
        self._turns = Turns()
        self._ahead = timedelta(0)
        self._wake = asyncio.Event()
        self._poke = asyncio.Event()
        self._events = asyncio.Event()
        self._over = asyncio.Event()
        self._asking = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._committer: GroupCommitter[FencedWrite, bool] = GroupCommitter(
            connect=partial(connect, "checkpoints"), writer=FencedWriter(lambda: lease.id), name="checkpoint"
        )

    @classmethod
    async def open(cls, process: Process, previous: uuid.UUID | None) -> Registration:
        """Register; `previous` is what this process was registered as before and lost."""
        async with contextlib.AsyncExitStack() as stack:
            connections = []
            for name in ("lease", "claims", "sweeps", "door"):
                connection = await connect(name)
                stack.push_async_callback(connection.close)
                connections.append(connection)
            if previous is not None:
                await retire(connections[0], previous)
            lease = await Lease.register(
                connections[0],
                queues=process.queues,
                region=settings.STUDIO_REGION,
                slots=process.slots,
                seconds=settings.STUDIO_LEASE_SECONDS,
                version=settings.VERSION,
            )
            stack.pop_all()
        log.info("worker.registered", worker=str(lease.id), queues=list(process.queues), slots=process.slots)
        return cls(process, lease, *connections[1:])

    # -- Its life --------------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Work until drained or lost; `lost_because` tells which."""
        self._committer.start()
        loops = [self._beat_on(), self._claim_on(), self._admit_on(), self._sweep_on()]
        if Queue.WEBHOOK in self.process.queues:
            loops.append(self._events_on())
        tasks = [asyncio.create_task(self._guarded(loop)) for loop in loops]
        self._wake.set()
        await self._over.wait()
        if self.lost_because is None:
            await self._end_well(tasks)
        else:
            await self._end_lost(tasks)

    def lost(self, why: str) -> None:
        """Nothing held is ours any more, as far as anybody can tell."""
        if self.lost_because is None and not self._over.is_set():
            self.lost_because = why
            log.warning("worker.lost", worker=str(self.lease.id), why=why, held=len(self.runs))
            self._over.set()

    def drain(self) -> None:
        """Take nothing new and hand on what is held, by the deadline at the latest."""
        if self.draining:
            return
        self.draining = True
        log.info("worker.draining", worker=str(self.lease.id), held=len(self.runs))
        for run in list(self.runs.values()):
            run.drain()
        self._loop.call_later(settings.STUDIO_DRAIN_SECONDS, self._cut)
        self._look_drained()

    def wake(self, queue: str) -> None:
        """Something of this queue may be due."""
        if queue == Queue.WEBHOOK:
            self._events.set()
        self._wake.set()

    def _cut(self) -> None:
        for run in list(self.runs.values()):
            run.cut()

    def _look_drained(self) -> None:
        if self.draining and not self.runs and not self._starting and not self.refusals:
            self._over.set()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (psycopg.Error, OSError, TimeoutError, LeaseLost) as error:
            self.lost(f"{type(error).__name__}: {error}".strip())
        except Exception:
            log.exception("worker.defect")
            self.lost("a defect")

    async def _end_well(self, tasks: list[asyncio.Task[None]]) -> None:
        await _cancel(tasks)
        with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
            async with asyncio.timeout(5):
                await self._committer.close()
                await self.lease.stop()
        await self._close_connections()
        log.info("worker.stopped", worker=str(self.lease.id), finished=self.finished)

    async def _end_lost(self, tasks: list[asyncio.Task[None]]) -> None:
        for run in list(self.runs.values()):
            run.drop()
        self.runs.clear()
        await _cancel(tasks)
        await self._committer.abort()
        await self._close_connections()

    async def _close_connections(self) -> None:
        for connection in (self.lease.connection, self._claims, self._sweeps, self._door.connection):
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()

    # -- What runs all the time ------------------------------------------------------------------------------

    async def _beat_on(self) -> None:
        interval = settings.STUDIO_HEARTBEAT_SECONDS
        while True:
            expected = self._loop.time() + interval
            await asyncio.sleep(interval)
            lag = self._loop.time() - expected
            async with asyncio.timeout(self.lease.seconds):
                beat = await self.lease.beat(
                    in_flight=len(self.runs), finished=self.finished, lag_ms=round(lag * 1000, 1)
                )
                buried = await self.lease.bury_the_dead(missing_seconds=2 * interval)
            self._ahead = beat.at - utcnow()
            for worker in buried:
                log.warning("worker.buried", worker=str(worker.id), name=worker.name, counts=worker.counts)
            if buried:
                self._poke.set()
            if beat.status == "draining" and not self.draining:
                self.process.drain()

    async def _claim_on(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLAIM_POLL_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            while await self._claim_batch():
                pass
            self._knock.set()

    async def _admit_on(self) -> None:
        """Let in what limits kept waiting: once the claims are through, whenever a place is free, and now and then."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ADMIT_POLL_SECONDS):
                    await self._knock.wait()
            self._knock.clear()
            if not self.draining and (queues := await self._door.admit()):
                self.ring(queues)

    async def _claim_batch(self) -> bool:
        """True when there may be more for which there is room."""
        limit = min(self.process.slots - len(self.runs) - self._starting, CLAIM_BATCH)
        self._hungry = limit <= 0
        if limit <= 0 or self.draining:
            return False
        async with self._asking:
            claimed = await claim(
                self._claims,
                worker=self.lease.id,
                queues=self.process.queues,
                limit=limit,
                turns=self._turns,
            )
            if not claimed:
                return False
            self._starting += len(claimed)
            loaded = await self.process.loader.load(self._claims, claimed)
            going = await send_to_the_door(self._claims, self.lease.id, loaded)
        if len(going) < len(loaded):
            self._starting -= len(loaded) - len(going)
            self._look_drained()
        for one in going:
            self._loop.call_soon(self._start, one)
        return len(claimed) == limit

    async def _sweep_on(self) -> None:
        stale_mail_at = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._poke.wait()
            self._poke.clear()
            with contextlib.suppress(psycopg.errors.TransactionRollback):
                self.ring(await requeue_lost(self._sweeps) | await ripen(self._sweeps))
            if self.runs:
                await self._deliver_mail()
            if self._loop.time() >= stale_mail_at:
                stale_mail_at = self._loop.time() + STALE_MAIL_SECONDS
                await drop_stale_mail(self._sweeps)

    async def _deliver_mail(self) -> None:
        for mail in await mail_for_owner(self._sweeps, self.lease.id):
            run = self.runs.get(mail.execution_id)
            if run is not None:
                run.deliver([mail])

    async def _events_on(self) -> None:
        """Webhook events are claimed by whoever processes them; what fails is tried again by the next round."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLAIM_POLL_SECONDS):
                    await self._events.wait()
            self._events.clear()
            if bound.events is None or self.draining:
                continue
            try:
                while await bound.events.process(limit=EVENTS_BATCH) >= EVENTS_BATCH:
                    pass
            except Exception:
                log.exception("webhook_events.failed")

    # -- What runs need of it --------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The database's time, as of the last heartbeat and our own clock since."""
        return utcnow() + self._ahead

    def post(self, write: FencedWrite) -> asyncio.Future[bool]:
        try:
            return self._committer.post(write)
        except StoreAway as error:
            failed: asyncio.Future[bool] = self._loop.create_future()
            failed.set_exception(error)
            return failed

    async def child_of(self, parent: Claimed, step: StepKey, *, workflow: str, given: Any) -> NewExecution:
        async with self._asking:
            return await child_of(
                self._claims, self.process.loader.plans, parent, step, workflow=workflow, given=given
            )

    def saved(self, run: Run, write: FencedWrite) -> None:
        """A write of a run is on disk: tell those who care."""
        self.process.publisher.saved(run.claimed, write)
        if write.children:
            self.ring({child.queue for child in write.children})
        change = write.change
        if change is None:
            return
        if run.claimed.slot is not None:
            self._knock.set()
        if change.final:
            self.finished += 1
            if run.claimed.parent_step_id is not None:
                self._poke.set()
        elif change.status == "queued":
            self.process.bell.ring({run.claimed.queue})
        elif change.due_at is not None:
            self._remind((change.due_at - self.now()).total_seconds())

    def gone(self, run: Run) -> None:
        """It is held no longer."""
        if self.runs.pop(run.claimed.id, None) is not None:
            if self._hungry:
                self._wake.set()
            self._look_drained()

    def ring(self, queues: Iterable[str]) -> None:
        """Wake whoever serves these queues, ourselves first."""
        wanted = set(queues)
        if not self.draining and wanted.intersection(self.process.queues):
            self._wake.set()
            if len(self.runs) < self.process.slots:
                wanted.difference_update(self.process.queues)
        if wanted:
            self.process.bell.ring(wanted)

    def _remind(self, seconds: float) -> None:
        """Look for due waits on time rather than with the next round."""
        if seconds < REMIND_WITHIN_SECONDS:
            self._loop.call_later(max(seconds, 0.0) + 0.001, self._poke.set)

    def _start(self, loaded: Loaded) -> None:
        self._starting -= 1
        claimed, compiled = loaded.claimed, loaded.compiled
        if claimed.losses > settings.STUDIO_LOSS_BUDGET:
            self._refuse(endings.refused(claimed, endings.lost_too_often(claimed), dead_letter=True), claimed)
        elif isinstance(compiled, NodeError):
            self._refuse(endings.refused(claimed, compiled), claimed)
        elif loaded.kept is not None and loaded.kept.unreadable:
            self._refuse(endings.refused(claimed, endings.internal("steps")), claimed)
        else:
            try:
                run = Run(self, loaded, compiled, state_of(loaded, compiled))
            except Exception:
                log.exception("execution.not_started", execution=str(claimed.id))
                self._refuse(endings.refused(claimed, endings.internal("start")), claimed)
                return
            self.runs[claimed.id] = run
            self.process.publisher.claimed(claimed)
            run.start(loaded.mail)
            if self.draining:
                run.drain()

    def _refuse(self, write: FencedWrite, claimed: Claimed) -> None:
        future = self.post(write)
        self.refusals.add(future)

        def ended(done: asyncio.Future[bool]) -> None:
            self.refusals.discard(done)
            if done.cancelled() or done.exception() is not None:
                self.lost("a refusal could not be written")
                return
            self.process.publisher.saved(claimed, write)
            if claimed.parent_step_id is not None:
                self._poke.set()
            self._look_drained()

        future.add_done_callback(ended)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
