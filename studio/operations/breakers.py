"""The breakers of a worker: a local copy that costs a call next to nothing, and the truth behind it.

PostgreSQL decides. A closed breaker is looked up in a dict; a failure, a probe or a call that waits goes to the
store at once, all that gathered meanwhile in one statement; good calls go there only while something failed
lately. Valkey merely says that there is news, so that the copies of other workers are renewed within
milliseconds instead of the next quarter of a second; nothing here ever waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import random
from typing import Final

import psycopg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from studio.kernel import breaker as arithmetic
from studio.kernel.breaker import Breaker, BreakerPlan, Phase, Verdict, retry_at, verdict
from studio.kernel.clock import utcnow
from studio.kernel.keys import breaker_channel
from studio.operations import breaker_store as store
from studio.operations.breaker_address import BreakerAddress
from studio.operations.breaker_store import BreakerRow, BreakerWrite, Connection

log = structlog.get_logger()

POLL_SECONDS: Final = 0.25
PAUSE_SECONDS: Final = 0.3
STORE_SECONDS: Final = 1.0
MOST_KEPT: Final = 20_000
MOST_RUNS: Final = 1_000


@dataclass(slots=True)
class Licence:
    """A call may be made; how it ends is to be told once."""

    local: Local
    generation: int


@dataclass(slots=True)
class Told:
    """So many calls of one generation in a row that ended alike."""

    generation: int
    outcome: bool | None
    count: int


@dataclass(slots=True, eq=False)
class Local:
    """The copy of one breaker, and what the store has yet to hear. `quiet` counts good calls not worth telling."""

    address: BreakerAddress
    breaker: Breaker = field(default_factory=Breaker)
    revision: int = 0
    suspect: bool = False
    quiet: int = 0
    quiet_before: int = 0
    quiet_since: float = 0.0
    runs: list[Told] = field(default_factory=list)
    asking: list[asyncio.Future[Licence | None]] = field(default_factory=list)
    parking: list[asyncio.Future[float]] = field(default_factory=list)
    handled: int = 0
    error_code: str = ""

    def add(self, generation: int, outcome: bool | None, count: int = 1) -> None:
        last = self.runs[-1] if self.runs else None
        if last is not None and last.generation == generation and last.outcome is outcome:
            last.count += count
        elif count and len(self.runs) < MOST_RUNS:
            self.runs.append(Told(generation, outcome, count))

    @property
    def is_idle(self) -> bool:
        return not (self.suspect or self.runs or self.asking or self.parking or self.handled)


@dataclass(slots=True)
class _Round:
    """What one statement says about one breaker, to be answered when it held."""

    local: Local
    write: BreakerWrite
    runs: list[Told]
    asking: int
    parking: int
    handled: int
    granted: int
    position: int

    @property
    def changes(self) -> bool:
        return self.write.breaker != self.local.breaker

    @property
    def turns(self) -> bool:
        return self.write.breaker.generation != self.local.breaker.generation

    def put_back(self) -> None:
        """Somebody else was faster: it is to be worked out anew."""
        self.local.runs = self.runs + self.local.runs


class Breakers:
    """Lives on the engine's loop, from `start` to `close`."""

    def __init__(
        self, *, connect: Callable[[], Awaitable[Connection]], redis_url: str, plan: BreakerPlan
    ) -> None:
        self.plan = plan
        self._connect = connect
        self._redis: Redis = Redis.from_url(
            redis_url, socket_timeout=STORE_SECONDS, socket_connect_timeout=STORE_SECONDS
        )
        self._known: dict[uuid.UUID, Local] = {}
        self._dirty: set[Local] = set()
        self._wanted = asyncio.Event()
        self._ahead = timedelta(0)
        self._heard_at: datetime | None = None
        self._stale = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._serve(), name="breakers"),
            asyncio.create_task(self._listen(), name="breaker news"),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._give_up()
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    # -- What calls ask --------------------------------------------------------------------------------------

    def licence(self, address: BreakerAddress) -> Licence | None:
        """At once, while it is closed; None: `ask`."""
        local = self._known.get(address.id) or self._meet(address)
        if local.breaker.phase is Phase.CLOSED:
            return Licence(local, local.breaker.generation)
        return None

    async def ask(self, address: BreakerAddress) -> Licence | None:
        """A licence for a probe, or for a call of one that has closed; None when the call must not be made."""
        local = self._known.get(address.id) or self._meet(address)
        match verdict(local.breaker, self.plan, self.now()):
            case Verdict.PASS:
                return Licence(local, local.breaker.generation)
            case Verdict.REFUSE:
                return None
        answer: asyncio.Future[Licence | None] = asyncio.get_running_loop().create_future()
        local.asking.append(answer)
        self._mark(local)
        return await answer

    async def park(self, address: BreakerAddress) -> datetime:
        """When a call that was refused is to ask again: each has a place in the waves that come back."""
        local = self._known.get(address.id) or self._meet(address)
        answer: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        local.parking.append(answer)
        self._mark(local)
        return datetime.fromtimestamp(await answer, UTC)

    def refused(self, address: BreakerAddress) -> Breaker:
        """Note a call that was refused and whose step goes another way; answers why."""
        local = self._known.get(address.id) or self._meet(address)
        local.handled += 1
        self._dirty.add(local)
        return local.breaker

    def tell(self, licence: Licence, outcome: bool | None, error_code: str = "") -> None:
        """How a call ended: well, failed, or (None) in a way that says nothing about the other side."""
        local = licence.local
        if outcome is True and not local.suspect and local.breaker.phase is Phase.CLOSED:
            self._note_quiet(local)
            return
        if outcome is None and local.breaker.phase is Phase.CLOSED:
            return
        self._speak_up(local)
        local.add(licence.generation, outcome)
        if outcome is False:
            local.error_code = error_code
        if outcome is True and local.breaker.phase is Phase.CLOSED:
            self._dirty.add(local)
        else:
            self._mark(local)

    def now(self) -> float:
        """The database's time, as of the last answer and our own clock since."""
        return (utcnow() + self._ahead).timestamp()

    # -- The copies ------------------------------------------------------------------------------------------

    def _meet(self, address: BreakerAddress) -> Local:
        if len(self._known) >= MOST_KEPT:
            self._known = {key: local for key, local in self._known.items() if not local.is_idle}
        local = self._known[address.id] = Local(address)
        return local

    def _mark(self, local: Local) -> None:
        self._dirty.add(local)
        self._wanted.set()

    def _note_quiet(self, local: Local) -> None:
        now = asyncio.get_running_loop().time()
        if now - local.quiet_since > self.plan.window / 2:
            fresh = now - local.quiet_since < self.plan.window
            local.quiet_before = local.quiet if fresh else 0
            local.quiet, local.quiet_since = 0, now
        local.quiet += 1

    def _speak_up(self, local: Local) -> None:
        """Good calls of the last window matter once something fails."""
        if local.quiet or local.quiet_before:
            fresh = asyncio.get_running_loop().time() - local.quiet_since < self.plan.window
            local.add(local.breaker.generation, True, local.quiet + local.quiet_before if fresh else 0)
            local.quiet = local.quiet_before = 0

    def _learn(self, row: BreakerRow) -> None:
        local = self._known.get(row.address.id)
        if local is None:
            if not row.breaker.is_suspect(self.plan, self.now()):
                return
            local = self._meet(row.address)
        if row.revision <= local.revision:
            return
        if local.revision == 0 and row.breaker.phase is Phase.CLOSED:
            # Calls of a worker that had not heard of the breaker were calls of a closed one all the same.
            for told in local.runs:
                told.generation = row.breaker.generation
        self._take(local, row.breaker, row.revision)

    def _take(self, local: Local, breaker: Breaker, revision: int) -> None:
        local.breaker, local.revision = breaker, revision
        local.suspect = breaker.is_suspect(self.plan, self.now())
        if local.suspect and breaker.phase is Phase.CLOSED:
            self._speak_up(local)
            if local.runs:
                self._dirty.add(local)

    # -- The store -------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        while True:
            try:
                connection = await self._connect()
                async with connection:
                    await self._hear(connection)
                    for row in await store.not_closed(connection):
                        self._learn(row)
                    await self._keep_up(connection)
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("breakers.store_away", error=type(error).__name__)
                self._give_up()
                await asyncio.sleep(PAUSE_SECONDS)

    async def _keep_up(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wanted.wait()
            self._wanted.clear()
            if self._dirty:
                await self._write(connection)
            if self._stale or loop.time() - heard >= POLL_SECONDS:
                heard, self._stale = loop.time(), False
                await self._hear(connection)

    async def _hear(self, connection: Connection) -> None:
        self._heard_at, rows = await store.news(connection, self._heard_at)
        self._ahead = self._heard_at - utcnow()
        for row in rows:
            self._learn(row)
        now = self.now()
        for local in self._known.values():
            if local.suspect and local.breaker.phase is Phase.CLOSED:
                local.suspect = local.breaker.is_suspect(self.plan, now)

    async def _write(self, connection: Connection) -> None:
        now = self.now()
        dirty, self._dirty = self._dirty, set()
        rounds = [self._next(local, now) for local in dirty]
        changing = [one for one in rounds if one.changes]
        try:
            revisions = await store.write(connection, [one.write for one in changing]) if changing else {}
        except BaseException:
            for one in rounds:
                one.put_back()
            self._dirty |= dirty
            raise
        missed = {one.local for one in changing if one.local.address.id not in revisions}
        turned = any(one.turns for one in changing if one.local not in missed)
        for one in rounds:
            if one.local in missed:
                one.put_back()
                self._mark(one.local)
            else:
                self._answer(one, revisions.get(one.local.address.id, one.local.revision), now)
        if missed:
            for row in await store.read(connection, [local.address.id for local in missed]):
                self._learn(row)
        if turned:
            await self._spread()

    def _next(self, local: Local, now: float) -> _Round:
        runs, local.runs = local.runs, []
        breaker = local.breaker
        for told in runs:
            breaker = arithmetic.record(
                breaker, self.plan, generation=told.generation, runs=[(told.outcome, told.count)], now=now
            )
        granted = 0
        if local.asking:
            breaker, granted = arithmetic.grant(breaker, self.plan, len(local.asking), now)
        position = breaker.parked
        breaker = arithmetic.refuse(breaker, parked=len(local.parking), handled=local.handled)
        return _Round(
            local,
            BreakerWrite(local.address, local.revision, breaker, local.error_code),
            runs=runs,
            asking=len(local.asking),
            parking=len(local.parking),
            handled=local.handled,
            granted=granted,
            position=position,
        )

    def _answer(self, one: _Round, revision: int, now: float) -> None:
        """The statement held: what it said is true now."""
        local, breaker = one.local, one.write.breaker
        turns = one.turns
        local.handled -= one.handled
        asked, local.asking = local.asking[: one.asking], local.asking[one.asking :]
        parked, local.parking = local.parking[: one.parking], local.parking[one.parking :]
        self._take(local, breaker, revision)
        if turns:
            _log_turn(local, self.plan)
        local.error_code = ""
        for number, answer in enumerate(asked):
            licence = Licence(local, breaker.generation) if number < one.granted else None
            if not answer.done():
                answer.set_result(licence)
            elif licence is not None:
                self.tell(licence, None)
        for number, place in enumerate(parked):
            if not place.done():
                due = retry_at(breaker, self.plan, position=one.position + number, now=now, random=random())  # noqa: S311 - jitter
                place.set_result(due)

    def _give_up(self) -> None:
        """Nobody may wait for a store that is away: no probes, and another look in a little while."""
        for local in self._known.values():
            asked, local.asking = local.asking, []
            parked, local.parking = local.parking, []
            for answer in asked:
                if not answer.done():
                    answer.set_result(None)
            for place in parked:
                if not place.done():
                    place.set_result(self.now() + self.plan.open_seconds * (0.5 + random() / 2))  # noqa: S311

    # -- News ------------------------------------------------------------------------------------------------

    async def _spread(self) -> None:
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._redis.publish(breaker_channel(), b"")

    async def _listen(self) -> None:
        """Look at once when somebody says that there is news; without Valkey the next look is soon enough."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(breaker_channel())
                    while True:
                        if await channel.get_message(timeout=STORE_SECONDS / 2) is not None:
                            self._stale = True
                            self._wanted.set()
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(PAUSE_SECONDS)


def _log_turn(local: Local, plan: BreakerPlan) -> None:
    breaker = local.breaker
    facts = {
        "breaker": local.address.key,
        "workspace": None if local.address.workspace_id is None else str(local.address.workspace_id),
    }
    if breaker.phase is Phase.OPEN:
        until = store.as_time(breaker.until)
        log.warning("breaker.opened", **facts, until=str(until), trips=breaker.trips, error=local.error_code)
    elif breaker.phase is Phase.HALF_OPEN:
        log.info("breaker.probing", **facts, probes=plan.probes)
    else:
        log.info("breaker.closed", **facts)
