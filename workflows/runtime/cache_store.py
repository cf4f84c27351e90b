"""The result cache in Valkey: one round trip for a look, and nothing that anybody must wait long for.

What is kept is a hash per output, and sorted sets that say which outputs belong to a kind, a workflow, a tag.
Those serve counts and lists; that an invalidation holds does not depend on them, since a store that evicts may
have lost any of them. It depends on cuts: every look compares when an output began to be worked out with when
its kind, workflow or tags were last cut off. So what was under way during an invalidation is not kept either.
Times are those of the store. When it is away, everything is a miss.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from studio.kernel import keys
from workflows.engine.cache import LONGEST_SECONDS, Lifetime
from workflows.runtime.valkey_batches import Batches, Script

MOST_ENTRIES: Final = 100_000
"""Outputs kept for one workspace; beyond it those that end first make room."""
MOST_SEEN: Final = 100_000
FLIGHT_MS: Final = 3_000
STATS_SECONDS: Final = 35 * 86_400

_LOOK_UP = Script.of("""
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
""")

_KEEP = Script.of("""
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
""")

_RENEW = Script.of(
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
)
_LET_GO = Script.of(
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
)

_SEE = Script.of("""
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
local seen = redis.call('INCR', KEYS[2])
if seen == 1 then redis.call('EXPIRE', KEYS[2], 86400) end
if seen > tonumber(ARGV[2]) then return 2 end
redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
return 0
""")


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
    """One per process. Every method answers None or False, or does nothing, while the store is away."""

    def __init__(self, url: str) -> None:
        self._batches = Batches(url, (_LOOK_UP, _KEEP, _SEE, _RENEW, _LET_GO))

    async def close(self) -> None:
        await self._batches.close()

    async def look_up(self, asked: Asked, *, token: str = "") -> Found | None:
        """What is kept; with a `token`, whoever finds nothing fresh first is to work it out."""
        named = [
            keys.cache_entry_key(asked.workspace, asked.digest),
            keys.cache_cuts_key(asked.workspace),
            keys.cache_flight_key(asked.workspace, asked.digest),
        ]
        answer = await self._run(_LOOK_UP, named, [token, FLIGHT_MS, *asked.fields])
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
        return bool(await self._run(_KEEP, named, given))

    async def renew_flight(self, asked: Asked, token: str) -> None:
        await self._run(_RENEW, [keys.cache_flight_key(asked.workspace, asked.digest)], [token, FLIGHT_MS])

    async def let_go(self, asked: Asked, token: str) -> None:
        """Free the waiters: nothing is to come from us."""
        await self._run(_LET_GO, [keys.cache_flight_key(asked.workspace, asked.digest)], [token])

    async def count(self, counted: Mapping[tuple[uuid.UUID, str, str], int], day: str) -> bool:
        """Add up counters of (workspace, kind, counter); False when they were not taken."""
        asked = [
            self._batches.ask("HINCRBY", keys.cache_stats_key(workspace, day), f"{kind}|{counter}", value)
            for (workspace, kind, counter), value in counted.items()
        ]
        asked += [
            self._batches.ask("EXPIRE", keys.cache_stats_key(workspace, day), STATS_SECONDS)
            for workspace in {workspace for workspace, _, _ in counted}
        ]
        return (await asyncio.gather(*asked))[0] is not None

    # -- Shadow mode -----------------------------------------------------------------------------------------

    async def measured(self, workspace: uuid.UUID) -> dict[str, float] | None:
        """Until when (Unix time) what is measured: `*`, or a workflow's id."""
        found = await self._batches.ask("HGETALL", keys.cache_shadow_key(workspace))
        if found is None:
            return None
        return {name.decode(): int(until) / 1_000_000 for name, until in found.items()}

    async def see(self, asked: Asked, *, seconds: float) -> bool | None:
        """Whether this output would have been there; if not, it is from now on. None: not measured."""
        named = [
            keys.cache_seen_key(asked.workspace, asked.digest),
            keys.cache_seen_count_key(asked.workspace),
        ]
        seen = await self._run(_SEE, named, [int(seconds * 1000), MOST_SEEN])
        return None if seen is None or seen == 2 else seen == 1

    async def saw(self, asked: Asked, *, seconds: float | None) -> None:
        """How long what we saw first would be kept; None: not at all."""
        key = keys.cache_seen_key(asked.workspace, asked.digest)
        if seconds is None:
            await self._batches.ask("DEL", key)
        else:
            await self._batches.ask("PEXPIRE", key, max(int(seconds * 1000), 1))

    async def _run(self, script: Script, named: Sequence[str], given: Sequence[Any]) -> Any:
        return await self._batches.ask(*script.command(named, given))


CUT_SECONDS: Final = int(LONGEST_SECONDS) + 86_400
"""Cuts outlive every output that began before them."""
