"""Live events: what was committed, told to those who watch.

Writes are gathered for a moment and looked up in one question: which of these executions does anybody watch?
Only for those are frames made and published. When Valkey is away events are dropped, and clients catch up
from the rows: that is why nothing is published before its commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from studio.kernel.clock import rfc3339, utcnow
from studio.kernel.keys import execution_channel, watched_key, workspace_channel
from workflows.runtime.frames import frames_of, started_frame
from workflows.runtime.records import Claimed, FencedWrite

log = structlog.get_logger()

COALESCE_SECONDS = 0.025
PAUSE_SECONDS = 1.0
MOST_WAITING = 5_000
STORE_SECONDS = 1.0


@dataclass(slots=True)
class _Told:
    """What happened to one execution since the last round."""

    claimed: Claimed
    taken: bool = False
    writes: list[FencedWrite] = field(default_factory=list)


class Publisher:
    """Runs on the engine's loop; telling it something never blocks and never fails."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=STORE_SECONDS, socket_connect_timeout=STORE_SECONDS
        )
        self._waiting: dict[uuid.UUID, _Told] = {}
        self._wanted = asyncio.Event()
        self._last_round = 0.0
        self._urgent = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="events")

    async def close(self) -> None:
        """Tell what waits, then stop."""
        self._closing = True
        self._wanted.set()
        self._urgent.set()
        if self._task is not None:
            # Not cancelled at once: a command that is cut off may take the cancellation for its own time-out.
            await asyncio.wait([self._task], timeout=2 * STORE_SECONDS)
            self._task.cancel()
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()

    def claimed(self, claimed: Claimed) -> None:
        told = self._about(claimed)
        if told is not None:
            told.taken = True

    def saved(self, claimed: Claimed, write: FencedWrite) -> None:
        """A write is on disk. An end is told at once when nothing else was said for a while."""
        told = self._about(claimed)
        if told is not None:
            told.writes.append(write)
            if write.change is not None and write.change.final:
                self._urgent.set()

    def _about(self, claimed: Claimed) -> _Told | None:
        told = self._waiting.get(claimed.id)
        if told is None:
            if len(self._waiting) >= MOST_WAITING:
                return None
            told = self._waiting[claimed.id] = _Told(claimed)
        self._wanted.set()
        return told

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._closing:
            await self._wanted.wait()
            if loop.time() - self._last_round < COALESCE_SECONDS:
                await asyncio.sleep(COALESCE_SECONDS)
            else:
                await self._until_urgent()
            self._wanted.clear()
            self._urgent.clear()
            if not await self._tell() and not self._closing:
                await asyncio.sleep(PAUSE_SECONDS)
            self._last_round = loop.time()

    async def _until_urgent(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(COALESCE_SECONDS):
                await self._urgent.wait()

    async def _tell(self) -> bool:
        """Publish what waits to those who watch; False when Valkey is away."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return True
        try:
            watched = await self._watched(waiting)
            if watched:
                await self._publish(waiting, watched)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("events.dropped", executions=len(waiting), error=type(error).__name__)
            return False
        return True

    async def _watched(self, waiting: dict[uuid.UUID, _Told]) -> set[uuid.UUID]:
        ids = [*waiting, *{told.claimed.workspace_id for told in waiting.values()}]
        found = await self._redis.mget([watched_key(identifier) for identifier in ids])
        return {identifier for identifier, value in zip(ids, found, strict=True) if value is not None}

    async def _publish(self, waiting: dict[uuid.UUID, _Told], watched: set[uuid.UUID]) -> None:
        hints: dict[uuid.UUID, list[dict[str, Any]]] = {}
        async with self._redis.pipeline(transaction=False) as pipeline:
            for identifier, told in waiting.items():
                if identifier in watched:
                    pipeline.publish(execution_channel(identifier), orjson.dumps(_frames(told)))
                if told.claimed.workspace_id in watched:
                    hints.setdefault(told.claimed.workspace_id, []).extend(_hints(told))
            for workspace, frames in hints.items():
                if frames:
                    pipeline.publish(workspace_channel(workspace), orjson.dumps(frames))
            await pipeline.execute()


def _frames(told: _Told) -> list[dict[str, Any]]:
    now = utcnow()
    frames = [started_frame(told.claimed, now)] if told.taken else []
    for write in told.writes:
        frames += frames_of(write, now)
    return frames


def _hints(told: _Told) -> list[dict[str, Any]]:
    """Starts and changes of status: enough for a list to know that it is stale."""
    statuses = ["started"] if told.taken else []
    statuses += [write.change.status for write in told.writes if write.change is not None]
    claimed = told.claimed
    return [
        {
            "type": f"execution.{status}",
            "at": rfc3339(utcnow()),
            "execution": {
                "id": str(claimed.id),
                "workflow": None if claimed.workflow_id is None else str(claimed.workflow_id),
            },
        }
        for status in statuses
    ]
