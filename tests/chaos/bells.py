"""Delivers every doorbell message three times, the copies late and in any order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from redis.asyncio import Redis
from redis.exceptions import RedisError

COPIES = 2
LATEST_SECONDS = 2.0


@dataclass
class BellCopier:
    """Listens to what is pushed and pushes it again; `url` is asked for at each connection."""

    url: Callable[[], str]
    rng: random.Random
    seen: int = 0
    copied: int = 0
    _own: set[str] = field(default_factory=set)
    _later: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled, through restarts of Valkey."""
        try:
            while True:
                try:
                    await self._listen()
                except (RedisError, OSError):
                    await asyncio.sleep(0.1)
        finally:
            for task in self._later:
                task.cancel()

    async def _listen(self) -> None:
        async with Redis.from_url(self.url()) as client, client.monitor() as monitor:
            async for heard in monitor.listen():
                verb, _, rest = heard["command"].partition(" ")
                key, _, message = rest.partition(" ")
                if verb.upper() != "LPUSH" or "workflows.doorbell" not in message:
                    continue
                if message in self._own:
                    self._own.discard(message)
                    continue
                self.seen += 1
                for _ in range(COPIES):
                    task = asyncio.create_task(self._push(key, message))
                    self._later.add(task)
                    task.add_done_callback(self._later.discard)

    async def _push(self, key: str, message: str) -> None:
        await asyncio.sleep(self.rng.uniform(0, LATEST_SECONDS))
        copy = message + " " * (self.copied + 1)  # JSON as before, and known as ours when it is heard again
        self._own.add(copy)
        self.copied += 1
        try:
            async with Redis.from_url(self.url()) as client:
                await client.lpush(key, copy)
        except (RedisError, OSError):
            self._own.discard(copy)
