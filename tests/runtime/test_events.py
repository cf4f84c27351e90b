"""Live events: only for those who watch, only after the commit, and every end arrives."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from studio.kernel.ids import uuid7
from studio.kernel.keys import execution_channel, watched_key, workspace_channel
from tests.runtime.lab import Lab, Server, flow, get, node, setting


@dataclass
class Ear:
    """What was published on one channel so far."""

    subscription: PubSub
    frames: list[dict[str, Any]] = field(default_factory=list)

    async def hears(self, kind: str) -> bool:
        while message := await self.subscription.get_message(timeout=0.01):
            if message["type"] == "message":
                self.frames += orjson.loads(message["data"])
        return any(frame["type"] == kind for frame in self.frames)


@contextlib.asynccontextmanager
async def ear(channel: str, *watched: uuid.UUID) -> AsyncIterator[Ear]:
    redis = Redis.from_url(settings.REDIS_URL)
    subscription = redis.pubsub()
    await subscription.subscribe(channel)
    for identifier in watched:
        await redis.set(watched_key(identifier), 1, ex=60)
    try:
        yield Ear(subscription)
    finally:
        await subscription.aclose()
        await redis.aclose()


async def test_a_watcher_hears_every_step_and_the_end_in_order(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    identifier = uuid7()
    async with ear(execution_channel(identifier), identifier) as watcher:
        graph = flow(get("a", server.url("/?delay=0.3")), setting("b", n=1))
        await lab.submit(graph, id=identifier)
        await lab.until(lambda: watcher.hears("execution.succeeded"))

    said = [(frame["type"], (frame["step"] or {}).get("node")) for frame in watcher.frames]
    assert said == [
        ("execution.started", None), ("step.succeeded", "start"), ("step.started", "a"), ("step.succeeded", "a"),
        ("step.succeeded", "b"), ("execution.succeeded", None),
    ]  # fmt: skip
    assert {frozenset(frame) for frame in watcher.frames} == {
        frozenset({"type", "seq", "at", "execution", "step"})
    }
    numbers = [frame["seq"] for frame in watcher.frames]
    assert numbers == sorted(set(numbers))


async def test_numbers_go_on_growing_with_the_next_worker(lab: Lab, server: Server) -> None:
    await lab.start_engine()
    identifier = uuid7()
    async with ear(execution_channel(identifier), identifier) as watcher:
        await lab.submit(flow(get("a", server.url("/?delay=0.5"))), id=identifier)
        await lab.until(lambda: watcher.hears("step.started"))
        await lab.connection.execute("UPDATE operations_worker SET status = 'dead'")
        await lab.until(lambda: watcher.hears("execution.succeeded"))

    numbers = [frame["seq"] for frame in watcher.frames]
    assert numbers == sorted(set(numbers))
    assert {number >> 32 for number in numbers} == {1, 2}


async def test_nothing_is_published_for_nobody(lab: Lab) -> None:
    await lab.start_engine()
    identifier = uuid7()
    async with ear(execution_channel(identifier)) as watcher:
        await lab.submit(flow(setting("a", n=1)), id=identifier)
        await lab.end(identifier)
        await lab.stop_engines()

        assert not await watcher.hears("execution.succeeded")


async def test_what_was_told_was_on_disk_before(lab: Lab) -> None:
    await lab.start_engine()
    identifier = uuid7()
    async with ear(execution_channel(identifier), identifier) as watcher:
        await lab.submit(flow(node("nap", "flow.wait", seconds=30)), id=identifier)
        await lab.until(lambda: watcher.hears("execution.waiting"))

    told = {frame["step"]["id"]: frame["seq"] for frame in watcher.frames if frame["step"]}
    assert told == {str(step["id"]): step["seq"] for step in (await lab.steps(identifier)).values()}


async def test_a_workspace_hears_that_executions_start_and_end(lab: Lab) -> None:
    await lab.start_engine()
    async with ear(workspace_channel(lab.workspace), lab.workspace) as watcher:
        identifier = await lab.submit(flow(setting("a", n=1)))
        await lab.until(lambda: watcher.hears("execution.succeeded"))

    assert [(frame["type"], frame["execution"]["id"]) for frame in watcher.frames] == [
        ("execution.started", str(identifier)),
        ("execution.succeeded", str(identifier)),
    ]


async def test_executions_go_on_while_valkey_is_away(lab: Lab, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    await lab.start_engine()

    assert (await lab.run(flow(setting("a", n=1))))["status"] == "succeeded"
