"""Commands of many tasks to one Valkey, sent together: what comes up while a batch is on its way goes into the next.

Under load this is a fraction of a round trip each, and no task waits for a free connection. Nobody ever waits for
a store that is away: its answers are None, and for a moment it is not even asked.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

log = structlog.get_logger()

STORE_SECONDS: Final = 1.0
AWAY_SECONDS: Final = 1.0
LANES: Final = 4
BATCH: Final = 100
MOST_WAITING: Final = 10_000

_Waiting = tuple[tuple[Any, ...], asyncio.Future[Any]]


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script by its hash; the store is sent its text when it does not know it."""

    text: str
    sha: str

    @classmethod
    def of(cls, text: str) -> Script:
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())

    def command(self, keys: Sequence[str], arguments: Sequence[Any]) -> tuple[Any, ...]:
        return ("EVALSHA", self.sha, len(keys), *keys, *arguments)


class Batches:
    """One per process and store; made on its loop."""

    def __init__(self, url: str, scripts: Sequence[Script]) -> None:
        self._redis: Redis = Redis.from_url(
            url,
            max_connections=LANES,
            socket_timeout=STORE_SECONDS,
            socket_connect_timeout=STORE_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
        self._scripts = scripts
        self._waiting: deque[_Waiting] = deque()
        self._lanes: set[asyncio.Task[None]] = set()
        self._away_until = 0.0
        self._loop = asyncio.get_running_loop()

    async def ask(self, *command: Any) -> Any:
        """The store's answer; None while it is away."""
        if self._loop.time() < self._away_until or len(self._waiting) >= MOST_WAITING:
            return None
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((command, future))
        if len(self._lanes) < LANES and (not self._lanes or len(self._waiting) >= BATCH):
            self._lanes.add(self._loop.create_task(self._run_lane()))
        return await future

    async def close(self) -> None:
        """Whoever still waits is told nothing."""
        self._away_until = float("inf")
        lanes = list(self._lanes)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        _tell(self._waiting, [None] * len(self._waiting))
        try:
            await self._redis.aclose()
        except (RedisError, OSError):
            log.debug("cache.close_failed")

    async def _run_lane(self) -> None:
        lane = asyncio.current_task()
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                answers: Sequence[Any] = [None] * len(batch)
                try:
                    answers = await self._send([command for command, _ in batch])
                finally:
                    _tell(batch, answers)
        finally:
            # At once, not by a callback: whoever was just answered may ask again before that runs.
            self._lanes -= {lane}

    async def _send(self, commands: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
        try:
            async with asyncio.timeout(2 * STORE_SECONDS):
                answers = await self._execute(commands)
                unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
                if unknown:
                    await self._execute([("SCRIPT LOAD", script.text) for script in self._scripts])
                    again = await self._execute([commands[place] for place in unknown])
                    for place, answer in zip(unknown, again, strict=True):
                        answers[place] = answer
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = max(self._away_until, self._loop.time() + AWAY_SECONDS)
            log.warning("cache.away", error=type(error).__name__)
            return [None] * len(commands)
        for answer in answers:
            if isinstance(answer, Exception):
                log.warning("cache.refused", error=str(answer)[:200])
        return answers

    async def _execute(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Answers in order; what the store refuses is an exception among them."""
        if len(commands) == 1:  # by far the most when little is going on, and cheaper alone
            try:
                return [await self._redis.execute_command(*commands[0])]  # type: ignore[no-untyped-call]
            except ResponseError as error:
                return [error]
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        found: list[Any] = await pipeline.execute(raise_on_error=False)
        return found


def _tell(batch: Iterable[_Waiting], answers: Sequence[Any]) -> None:
    for (_, future), answer in zip(batch, answers, strict=True):
        if not future.done():
            future.set_result(None if isinstance(answer, Exception) else answer)
