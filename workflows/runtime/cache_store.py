"""The result cache in Valkey: one round trip for a look, and nothing that anybody must wait long for.

What is kept is a hash per output, and sorted sets that say which outputs belong to a kind, a workflow, a tag.
Those serve counts and lists; that an invalidation holds does not depend on them, since a store that evicts may
have lost any of them. It depends on cuts: every look compares when an output began to be worked out with when
its kind, workflow or tags were last cut off. So what was under way during an invalidation is not kept either.
Times are those of the store. When it is away, everything is a miss.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from studio.kernel import keys
from workflows.engine.cache import LONGEST_SECONDS, Lifetime

log = structlog.get_logger()

STORE_SECONDS: Final = 0.25
AWAY_SECONDS: Final = 1.0
CONNECTIONS: Final = 16
MOST_ENTRIES: Final = 100_000
"""Outputs kept for one workspace; beyond it those that end first make room."""
MOST_SEEN: Final = 100_000
FLIGHT_MS: Final = 3_000
STATS_SECONDS: Final = 35 * 86_400

_FAILURES = (RedisError, OSError, TimeoutError)

_LOOK_UP = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state, value, stored = 'none', '', '0'
local kept = redis.call('HMGET', KEYS[1], 'v', 'b', 'f', 's', 'a', 'c')
if kept[1] then
    local fields = {}
    for i = 3, #ARGV do fields[#fields + 1] = ARGV[i] end
    for field in string.gmatch(kept[6], '[^\\n]+') do fields[#fields + 1] = field end
    local cut = 0
    for _, at in ipairs(redis.call('HMGET', KEYS[2], unpack(fields))) do
        if at and tonumber(at) > cut then cut = tonumber(at) end
    end
    if tonumber(kept[2]) > cut then
        value, stored = kept[1], kept[5]
        if now < tonumber(kept[3]) then return {'fresh', value, stored, string.format('%.0f', now), 0} end
        state = now < tonumber(kept[4]) and 'stale' or 'old'
    end
end
local leads = 0
if ARGV[1] ~= '' and redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[2]) then leads = 1 end
return {state, value, stored, string.format('%.0f', now), leads}
"""

_KEEP = """
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local fields = {}
for field in string.gmatch(ARGV[8], '[^\\n]+') do fields[#fields + 1] = field end
for _, at in ipairs(redis.call('HMGET', KEYS[2], unpack(fields))) do
    if at and tonumber(at) >= tonumber(ARGV[4]) then return 0 end
end
local kept_ms = tonumber(ARGV[7])
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'm', ARGV[3], 'b', ARGV[4], 'a', string.format('%.0f', now),
    'f', string.format('%.0f', now + ARGV[5] * 1000), 's', string.format('%.0f', now + ARGV[6] * 1000), 'c', ARGV[8])
redis.call('PEXPIRE', KEYS[1], kept_ms)
local now_ms = math.floor(now / 1000)
for i = 4, #KEYS do
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now_ms)
    redis.call('ZADD', KEYS[i], now_ms + kept_ms, ARGV[9])
    if redis.call('PTTL', KEYS[i]) < kept_ms then redis.call('PEXPIRE', KEYS[i], kept_ms) end
end
local excess = redis.call('ZCARD', KEYS[4]) - ARGV[10]
if excess > 0 then
    for _, digest in ipairs(redis.call('ZRANGE', KEYS[4], 0, math.min(excess, 100) - 1)) do
        redis.call('UNLINK', ARGV[11] .. digest)
        redis.call('ZREM', KEYS[4], digest)
    end
end
return 1
"""

_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
_LET_GO = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

_SEE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
local seen = redis.call('INCR', KEYS[2])
if seen == 1 then redis.call('EXPIRE', KEYS[2], 86400) end
if seen > tonumber(ARGV[2]) then return 2 end
redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
return 0
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """An output by its name, and what it belongs to: `fields` are what may be cut off."""

    workspace: uuid.UUID
    digest: str
    kind: str
    workflow: str | None
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found. `state`: fresh, stale (serve it and renew), old (ask whether it still holds) or none.

    `began`: the store's time in microseconds. `leads`: it is ours to work it out for everybody.
    """

    state: str
    value: bytes
    age: float
    began: int
    leads: bool


DIGEST_FIELD: Final = "digest:"
"""What belongs to nothing but itself has a cut and no index."""


def cut_fields(
    *, kind: str, workflow: str | None, tags: Sequence[str], digest: str, name: str | None
) -> tuple[str, ...]:
    """What an output belongs to, for cuts and indexes; the first is all there is."""
    fields = ["*", f"kind:{kind}", DIGEST_FIELD + digest]
    if workflow is not None:
        fields.append(f"workflow:{workflow}")
    if name is not None:
        fields.append(f"key:{name}")
    return (*fields, *(f"tag:{tag}" for tag in tags))


class CacheStore:
    """One pool of connections per process. Every method answers None, or does nothing, while the store is away."""

    def __init__(self, url: str) -> None:
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=STORE_SECONDS,
            socket_timeout=STORE_SECONDS,
            socket_connect_timeout=STORE_SECONDS,
        )
        self._redis: Redis = Redis(connection_pool=self._pool)
        self._away_until = 0.0
        register = self._redis.register_script
        self._look_up, self._keep, self._see = register(_LOOK_UP), register(_KEEP), register(_SEE)
        self._renew, self._let_go = register(_RENEW), register(_LET_GO)

    async def close(self) -> None:
        await self._guarded(self._redis.aclose())
        await self._guarded(self._pool.disconnect())

    async def look_up(self, asked: Asked, *, token: str = "") -> Found | None:
        """What is kept; with a `token`, whoever finds nothing fresh first is to work it out."""
        named = [
            keys.cache_entry_key(asked.workspace, asked.digest),
            keys.cache_cuts_key(asked.workspace),
            keys.cache_flight_key(asked.workspace, asked.digest),
        ]
        answer = await self._guarded(self._look_up(keys=named, args=[token, FLIGHT_MS, *asked.fields]))
        if answer is None:
            return None
        state, value, stored, now, leads = answer
        began = int(now)
        return Found(state.decode(), value, (began - int(stored)) / 1_000_000, began, leads == 1)

    async def keep(
        self, asked: Asked, *, token: str, value: bytes, meta: Mapping[str, Any], began: int, life: Lifetime
    ) -> bool:
        """Keep an output and let waiters have it; False when it was cut off meanwhile, or the store is away."""
        workspace = asked.workspace
        named = [
            keys.cache_entry_key(workspace, asked.digest),
            keys.cache_cuts_key(workspace),
            keys.cache_flight_key(workspace, asked.digest),
            *(
                keys.cache_index_key(workspace, field)
                for field in asked.fields
                if not field.startswith(DIGEST_FIELD)
            ),
        ]
        times = [int(seconds * 1000) for seconds in (life.fresh, life.stale, life.kept)]
        given: list[Any] = [
            token,
            value,
            orjson.dumps(meta),
            began,
            *times,
            "\n".join(asked.fields),
            asked.digest,
        ]
        given += [MOST_ENTRIES, keys.cache_entry_key(workspace, "")]
        return bool(await self._guarded(self._keep(keys=named, args=given)))

    async def renew_flight(self, asked: Asked, token: str) -> None:
        await self._guarded(
            self._renew(keys=[keys.cache_flight_key(asked.workspace, asked.digest)], args=[token, FLIGHT_MS])
        )

    async def let_go(self, asked: Asked, token: str) -> None:
        """Free the waiters: nothing is to come from us."""
        await self._guarded(
            self._let_go(keys=[keys.cache_flight_key(asked.workspace, asked.digest)], args=[token])
        )

    async def count(self, counted: Mapping[tuple[uuid.UUID, str, str], int], day: str) -> bool:
        """Add up counters of (workspace, kind, counter); False when they were not taken."""
        pipeline = self._redis.pipeline(transaction=False)
        for (workspace, kind, counter), value in counted.items():
            pipeline.hincrby(keys.cache_stats_key(workspace, day), f"{kind}|{counter}", value)
        for workspace in {workspace for workspace, _, _ in counted}:
            pipeline.expire(keys.cache_stats_key(workspace, day), STATS_SECONDS)
        return await self._guarded(pipeline.execute()) is not None

    # -- Shadow mode -----------------------------------------------------------------------------------------

    async def measured(self, workspace: uuid.UUID) -> dict[str, float] | None:
        """Until when (Unix time) what is measured: `*`, or a workflow's id."""
        found = await self._guarded(self._redis.hgetall(keys.cache_shadow_key(workspace)))
        if found is None:
            return None
        return {name.decode(): int(until) / 1_000_000 for name, until in found.items()}

    async def see(self, asked: Asked, *, seconds: float) -> bool | None:
        """Whether this output would have been there; if not, it is from now on. None: not measured."""
        named = [
            keys.cache_seen_key(asked.workspace, asked.digest),
            keys.cache_seen_count_key(asked.workspace),
        ]
        seen = await self._guarded(self._see(keys=named, args=[int(seconds * 1000), MOST_SEEN]))
        return None if seen is None or seen == 2 else seen == 1

    async def saw(self, asked: Asked, *, seconds: float | None) -> None:
        """How long what we saw first would be kept; None: not at all."""
        key = keys.cache_seen_key(asked.workspace, asked.digest)
        if seconds is None:
            await self._guarded(self._redis.delete(key))
        else:
            await self._guarded(self._redis.pexpire(key, max(int(seconds * 1000), 1)))

    async def _guarded(self, command: Any) -> Any:
        """The answer; None when the store does not answer in time, and for a moment afterwards without asking."""
        if time.monotonic() < self._away_until:
            command.close() if asyncio.iscoroutine(command) else None
            return None
        try:
            async with asyncio.timeout(2 * STORE_SECONDS):
                return await command
        except _FAILURES as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            log.warning("cache.away", error=type(error).__name__)
            return None


CUT_SECONDS: Final = int(LONGEST_SECONDS) + 86_400
"""Cuts outlive every output that began before them."""
