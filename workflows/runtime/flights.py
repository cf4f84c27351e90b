"""Single flight: of equal calls at the same time, one is made and all have its output.

Within a process equal calls wait for one future; between processes one of them holds a lease in the store, which
its owner renews while it works. A leader that dies, fails or is cancelled leaves no output: the next one leads.
Nobody waits longer than a call of its own might take.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from workflows.engine.cache import Kept, Lifetime, unpacked
from workflows.runtime.cache_store import FLIGHT_MS, Asked, CacheStore, Found

log = structlog.get_logger()

FIRST_PAUSE_SECONDS: Final = 0.004
LONGEST_PAUSE_SECONDS: Final = 0.1
MOST_BACKGROUND: Final = 100


@dataclass(slots=True, kw_only=True)
class Made:
    """What a call led to. Without a `value` it is not kept, for the `reason` told."""

    result: Any
    kept: Kept | None = None
    value: bytes | None = None
    life: Lifetime | None = None
    reason: str | None = None
    changed: bool = True
    took: float = 0.0


Make = Callable[[Kept | None], Awaitable[Made]]
"""Calls; given an output that is no longer fresh, it may ask whether that still holds."""


@dataclass(slots=True, kw_only=True)
class Got:
    """An output and how it was come by: hit, stale, shared, revalidated or miss."""

    how: str
    kept: Kept | None = None
    made: Made | None = None
    age: float = 0.0
    reason: str | None = None


class Describe(Protocol):
    """What lists show of an output."""

    def __call__(self, asked: Asked, made: Made) -> dict[str, Any]: ...


_APART = object()
"""Told to those who wait: the output is nothing to share, so call yourselves."""


class Flights:
    """All flights of one process."""

    def __init__(self, store: CacheStore, describe: Describe) -> None:
        self._store = store
        self._describe = describe
        self._open: dict[tuple[Any, str], asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def get(self, asked: Asked, make: Make, *, patience: float) -> Got:
        """The output, from wherever it comes first."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        place = (asked.workspace, asked.digest)
        while (ahead := self._open.get(place)) is not None:
            shared = await _end_of(ahead, deadline)
            if isinstance(shared, Kept):
                return Got(how="shared", kept=shared)
            if shared is _APART or loop.time() >= deadline:
                return await _alone(make, "waited" if shared is None else None)
        flight = self._open[place] = loop.create_future()
        try:
            return await self._represent(asked, make, flight, deadline)
        finally:
            if self._open.get(place) is flight:
                del self._open[place]
            if not flight.done():
                flight.set_result(None)

    async def _represent(self, asked: Asked, make: Make, flight: asyncio.Future[Any], deadline: float) -> Got:
        """Ask the store for everybody in this process who wants the same."""
        loop = asyncio.get_running_loop()
        token, pause, how = secrets.token_hex(8), FIRST_PAUSE_SECONDS, "hit"
        while True:
            found = await self._store.look_up(asked, token=token)
            if found is None:
                return await self._without_store(make, flight)
            kept = unpacked(found.value) if found.value else None
            if kept is not None and found.state != "old":
                return self._serve(asked, make, flight, found, kept, token=token, how=how)
            if found.leads:
                return await self._lead(asked, token, make, flight, found.began, kept)
            if loop.time() >= deadline or found.state == "fresh":
                return await _alone(make, "waited" if found.state != "fresh" else "damaged")
            await asyncio.sleep(pause)
            pause, how = min(pause * 1.5, LONGEST_PAUSE_SECONDS), "shared"

    def _serve(
        self,
        asked: Asked,
        make: Make,
        flight: asyncio.Future[Any],
        found: Found,
        kept: Kept,
        *,
        token: str,
        how: str,
    ) -> Got:
        flight.set_result(kept)
        if found.leads:
            self._renew_behind(asked, token, make, found.began, kept)
        return Got(how="stale" if found.state == "stale" else how, kept=kept, age=found.age)

    def _renew_behind(self, asked: Asked, token: str, make: Make, began: int, kept: Kept) -> None:
        """Somebody was served what is stale; have a newer one for the next, if there is room for that."""
        if len(self._tasks) >= MOST_BACKGROUND:
            self._behind(self._store.let_go(asked, token))
            return
        unheard = asyncio.get_running_loop().create_future()
        self._behind(self._lead(asked, token, make, unheard, began, kept))

    async def _lead(
        self,
        asked: Asked,
        token: str,
        make: Make,
        flight: asyncio.Future[Any],
        began: int,
        old: Kept | None,
    ) -> Got:
        holding = asyncio.create_task(self._hold(asked, token))
        try:
            made = await make(old)
        except BaseException:
            self._behind(self._store.let_go(asked, token))
            raise
        finally:
            holding.cancel()
        if made.kept is None or made.value is None or made.life is None:
            flight.set_result(_APART)
            self._behind(self._store.let_go(asked, token))
            return Got(how="miss", made=made, reason=made.reason)
        flight.set_result(made.kept)
        meta = self._describe(asked, made)
        if not await self._store.keep(
            asked, token=token, value=made.value, meta=meta, began=began, life=made.life
        ):
            made.value, made.reason = None, "not_stored"
        return Got(how="miss" if made.changed else "revalidated", made=made, reason=made.reason)

    async def _without_store(self, make: Make, flight: asyncio.Future[Any]) -> Got:
        made = await make(None)
        flight.set_result(_APART if made.kept is None else made.kept)
        made.value = None
        return Got(how="miss", made=made, reason="store_away")

    async def _hold(self, asked: Asked, token: str) -> None:
        while True:
            await asyncio.sleep(FLIGHT_MS / 3_000)
            await self._store.renew_flight(asked, token)

    def _behind(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("cache.not_renewed", error=type(error).__name__)


async def _end_of(flight: asyncio.Future[Any], deadline: float) -> Any:
    """What a flight brought; None when it failed or our time is up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(deadline):
            return await asyncio.shield(flight)
    return None


async def _alone(make: Make, reason: str | None) -> Got:
    made = await make(None)
    made.value = None
    return Got(how="miss", made=made, reason=reason or made.reason)
