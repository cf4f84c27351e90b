"""One Valkey subscription connection per process, shared by everybody who watches something here.

`watch` returns when the subscription stands, so what is read from PostgreSQL afterwards and what arrives
together have no hole. When the connection breaks, everything is subscribed again and every watcher is told of
the gap.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from studio.kernel.errors import StoreAway
from studio.kernel.keys import WATCHED_SECONDS, watched_key
from workflows.live.subscription import Subscription, open_subscription

log = structlog.get_logger()

Listener = Callable[[bytes | None], None]
"""Called with every published message, and with None for a gap. It must not block or raise."""

SUBSCRIBE_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.25


@dataclass
class _Channel:
    """What is heard on one channel, and by whom.

    `stands` once Valkey has confirmed it; `broken` from the loss of a connection until it stands again.
    """

    watched: str
    listeners: dict[int, Listener] = field(default_factory=dict)
    stands: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = False

    def tell(self, message: bytes | None) -> None:
        for listener in tuple(self.listeners.values()):
            listener(message)


class Hub:
    """Runs on one event loop between `start` and `close`."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._redis: Redis = Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
        self._subscription: Subscription | None = None
        self._channels: dict[str, _Channel] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._listeners = 0

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._keep_announcing())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    @contextlib.asynccontextmanager
    async def watch(self, channel: str, watched: str, listener: Listener) -> AsyncIterator[None]:
        """Hear what is published on `channel`; `watched` is the id that workers look for. Raise StoreAway."""
        self._listeners += 1
        number = self._listeners
        known = self._channels.get(channel)
        if known is None:
            known = self._channels[channel] = _Channel(watched)
            known.listeners[number] = listener
            await self._begin([channel])
        else:
            known.listeners[number] = listener
        try:
            await self._stand(known)
            yield
        finally:
            known.listeners.pop(number, None)
            if not known.listeners and self._channels.get(channel) is known:
                del self._channels[channel]
                if self._subscription is not None:
                    self._subscription.send("UNSUBSCRIBE", channel)

    async def _stand(self, channel: _Channel) -> None:
        try:
            async with asyncio.timeout(SUBSCRIBE_SECONDS):
                await channel.stands.wait()
        except TimeoutError:
            raise StoreAway(store="Valkey") from None

    async def _begin(self, channels: list[str]) -> None:
        """Announce first: a worker that looks once we are subscribed must find that somebody watches."""
        await self._announce(channels)
        if self._subscription is not None and channels:
            self._subscription.send("SUBSCRIBE", *channels)

    async def _read(self) -> None:
        while True:
            try:
                await self._read_one_connection()
            except OSError as error:
                log.warning("live.subscription_lost", error=type(error).__name__)
            self._subscription = None
            for channel in self._channels.values():
                channel.broken = channel.broken or channel.stands.is_set()
                channel.stands.clear()
            await asyncio.sleep(RETRY_SECONDS)

    async def _read_one_connection(self) -> None:
        subscription = await open_subscription(self._url)
        try:
            self._subscription = subscription
            await self._begin(list(self._channels))
            async for message in subscription.messages():
                self._deliver(message)
        finally:
            self._subscription = None
            subscription.close()

    def _deliver(self, message: list[Any]) -> None:
        if len(message) != 3:
            return
        kind, name, body = message
        channel = self._channels.get(name.decode())
        if channel is None:
            return
        if kind == b"message":
            channel.tell(body)
        elif kind == b"subscribe":
            channel.stands.set()
            if channel.broken:
                # Only now: what is read before the subscription stands again could miss the next message.
                channel.broken = False
                channel.tell(None)

    async def _keep_announcing(self) -> None:
        while True:
            await asyncio.sleep(WATCHED_SECONDS / 3)
            await self._announce(self._channels)

    async def _announce(self, channels: Iterable[str]) -> None:
        watched = [self._channels[name].watched for name in channels if name in self._channels]
        if not watched:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for one in watched:
            pipeline.set(watched_key(one), b"1", ex=WATCHED_SECONDS)
        with contextlib.suppress(RedisError, OSError):
            await pipeline.execute()
