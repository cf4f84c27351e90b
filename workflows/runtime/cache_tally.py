"""What the cache did, counted here and added up in the store in batches."""

from __future__ import annotations

import asyncio
import uuid
from typing import Final

from studio.kernel.clock import utcnow
from workflows.runtime.cache_store import CacheStore

FLUSH_SECONDS: Final = 0.5
MOST_COUNTERS: Final = 10_000


class Tally:
    """Counters of (workspace, kind, counter). Those that the store does not take wait for the next round."""

    def __init__(self, store: CacheStore) -> None:
        self._store = store
        self._counted: dict[tuple[uuid.UUID, str, str], int] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="cache tally")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.flush()

    def add(self, workspace: uuid.UUID, kind: str, **counters: int) -> None:
        for counter, value in counters.items():
            place = (workspace, kind, counter)
            if value and (place in self._counted or len(self._counted) < MOST_COUNTERS):
                self._counted[place] = self._counted.get(place, 0) + value

    async def flush(self) -> None:
        counted, self._counted = self._counted, {}
        if counted and not await self._store.count(counted, f"{utcnow():%Y%m%d}"):
            for (workspace, kind, counter), value in counted.items():
                self.add(workspace, kind, **{counter: value})

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()
