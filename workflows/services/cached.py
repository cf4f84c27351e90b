"""The result cache as people manage it: what it saves, what it holds, what is to be dropped, what is measured."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, cast

import orjson
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from studio.accounts.access import Actor
from studio.kernel import keys
from studio.kernel.clock import rfc3339, utcnow
from studio.kernel.errors import Invalid, NotFound, Problem, StoreAway
from studio.security.services import audit
from workflows.engine.cache import hidden
from workflows.models import Workflow
from workflows.runtime.cache_store import CUT_SECONDS, DIGEST_FIELD
from workflows.runtime.caching import WHOLE_WORKSPACE, pepper_of, tag_of

SELECTORS: Final = ("kind", "workflow", "tag", "key", "all")
MOST_DAYS: Final = 35
MOST_MEASURED_SECONDS: Final = 7 * 86_400
MOST_CUTS: Final = 1_000
_BATCH: Final = 500
_PATIENCE_SECONDS: Final = 2.0
_DIGEST: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is meant, as the caller said it: by `kind`, `workflow`, `tag`, `key` or `all`."""

    by: str
    value: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Selection:
        """Raise Invalid unless the caller named exactly one."""
        named = [name for name in SELECTORS if given.get(name) not in (None, False)]
        if len(named) != 1:
            detail = f"Name exactly one of {', '.join(SELECTORS)}."
            raise Invalid(reason=detail, problems=[Problem("", "one_selector", detail)])
        by = named[0]
        return cls(by, "" if by == "all" else str(given[by]))

    def fields(self) -> list[str]:
        """What is cut off for it; a key is one that a step shows, or the text of a `cache_key`."""
        match self.by:
            case "all":
                return ["*"]
            case "tag":
                return [f"tag:{tag_of(self.value)}"]
            case "key":
                return [
                    DIGEST_FIELD + self.value,
                    f"key:{hidden(pepper_of(settings.SECRET_KEY), self.value)}",
                ]
        return [f"{self.by}:{self.value}"]

    def described(self) -> dict[str, Any]:
        """For the audit trail: the text of a key may hold anything, so only a digest is told."""
        if self.by == "all":
            return {"all": True}
        shown = self.by != "key" or _DIGEST.fullmatch(self.value)
        return {"by": self.by, "value": self.value if shown else "(a cache key)"}


# -- Invalidating --------------------------------------------------------------------------------------------


def invalidate(
    *, workspace_id: uuid.UUID, selection: Selection, by: Actor, dry_run: bool = False
) -> dict[str, Any]:
    """Drop what is selected, and what is being worked out right now; answer how much that was or would be."""
    with _store() as valkey:
        if not dry_run:
            _cut(valkey, workspace_id, selection.fields())
        entries = held = 0
        for digests in _selected(valkey, workspace_id, selection):
            sizes = _sizes(valkey, workspace_id, digests)
            entries, held = entries + len(sizes), held + sum(sizes.values())
            if not dry_run and sizes:
                valkey.unlink(*(keys.cache_entry_key(workspace_id, digest) for digest in sizes))
        if not dry_run:
            indexed = [field for field in selection.fields() if not field.startswith(DIGEST_FIELD)]
            valkey.unlink(*(keys.cache_index_key(workspace_id, field) for field in indexed))
    counted = {"entries": entries, "bytes": held}
    if not dry_run:
        details = {**selection.described(), **counted}
        audit.record("cache.invalidated", target=None, by=by, details=details, workspace_id=workspace_id)
    return {**counted, "dry_run": dry_run}


def _cut(valkey: Redis, workspace_id: uuid.UUID, fields: list[str]) -> None:
    """From now on, only what begins to be worked out from now on counts."""
    name = keys.cache_cuts_key(workspace_id)
    seconds, micros = valkey.time()
    now = seconds * 1_000_000 + micros
    valkey.hset(name, mapping=dict.fromkeys(fields, now))
    valkey.expire(name, CUT_SECONDS)
    if valkey.hlen(name) > MOST_CUTS:
        _merge_cuts(valkey, name)


def _merge_cuts(valkey: Redis, name: str) -> None:
    """The older half becomes one cut of everything: it drops more than was asked for, and never less."""
    cuts = sorted(cast("dict[bytes, bytes]", valkey.hgetall(name)).items(), key=lambda cut: int(cut[1]))
    old = [cut for cut in cuts[: MOST_CUTS // 2] if cut[0] != b"*"]
    everything = max(int(at) for field, at in [*old, *(cut for cut in cuts if cut[0] == b"*")])
    valkey.hset(name, "*", str(everything))
    valkey.hdel(name, *(field for field, _ in old))


def _selected(valkey: Redis, workspace_id: uuid.UUID, selection: Selection) -> Iterator[list[str]]:
    if selection.by == "key" and _DIGEST.fullmatch(selection.value):
        yield [selection.value]
    for field in selection.fields():
        if field.startswith(DIGEST_FIELD):
            continue
        name, start = keys.cache_index_key(workspace_id, field), 0
        while found := cast("list[bytes]", valkey.zrange(name, start, start + _BATCH - 1)):
            yield [digest.decode() for digest in found]
            start += _BATCH


def _sizes(valkey: Redis, workspace_id: uuid.UUID, digests: list[str]) -> dict[str, int]:
    """Bytes of those that are still there."""
    pipeline = valkey.pipeline(transaction=False)
    for digest in digests:
        pipeline.hstrlen(keys.cache_entry_key(workspace_id, digest), "v")
    return {digest: size for digest, size in zip(digests, pipeline.execute(), strict=True) if size}


# -- Listing -------------------------------------------------------------------------------------------------


def entries(
    *, workspace_id: uuid.UUID, selection: Selection, limit: int, after: str | None = None
) -> tuple[list[dict[str, Any]], str | None]:
    """One page, what is kept longest first; and the key of its last row if there may be more."""
    name = keys.cache_index_key(workspace_id, selection.fields()[-1])
    highest, _, last = (after or "+inf:").partition(":")
    if after is not None and not (highest.isdigit() and _DIGEST.fullmatch(last)):
        raise Invalid(reason="`cursor` is not one that this list gave out.")
    with _store() as valkey:
        # Rows that end in the same millisecond as the last one are read again and left out.
        found = cast(
            "list[tuple[bytes, float]]",
            valkey.zrevrangebyscore(name, highest, "-inf", start=0, num=limit + _BATCH, withscores=True),
        )
        rows = [(digest.decode(), int(ends)) for digest, ends in found]
        rows = [row for row in rows if after is None or (row[1], row[0]) < (int(highest), last)]
        page = rows[:limit]
        shown = _shown(valkey, workspace_id, [digest for digest, _ in page])
    more = len(rows) > limit and page
    return shown, f"{page[-1][1]}:{page[-1][0]}" if more else None


def _shown(valkey: Redis, workspace_id: uuid.UUID, digests: list[str]) -> list[dict[str, Any]]:
    pipeline = valkey.pipeline(transaction=False)
    for digest in digests:
        pipeline.hmget(keys.cache_entry_key(workspace_id, digest), "m", "a", "f", "s")
    return [
        {
            "key": digest,
            **_meta(meta),
            "stored_at": _instant(stored),
            "fresh_until": _instant(fresh),
            "served_until": _instant(served),
        }
        for digest, (meta, stored, fresh, served) in zip(digests, pipeline.execute(), strict=True)
        if meta is not None
    ]


def _meta(packed: bytes) -> dict[str, Any]:
    meta = orjson.loads(packed)
    return {
        "kind": meta["kind"],
        "workflow": meta["workflow"],
        "execution": meta["execution"],
        "tags": meta["tags"],
        "size_bytes": meta["size_bytes"],
        "seconds": meta["took"],
    }


def _instant(micros: bytes) -> str:
    return rfc3339(datetime.fromtimestamp(int(micros) / 1_000_000, UTC))


# -- Statistics ----------------------------------------------------------------------------------------------


def stats(*, workspace_id: uuid.UUID, days: int = 7) -> dict[str, Any]:
    """What the cache did in the last `days` days, today included, by kind and in all; and what is measured."""
    first = utcnow().date() - timedelta(days=days - 1)
    with _store() as valkey:
        pipeline = valkey.pipeline(transaction=False)
        for offset in range(days):
            pipeline.hgetall(keys.cache_stats_key(workspace_id, f"{first + timedelta(days=offset):%Y%m%d}"))
        pipeline.zcard(keys.cache_index_key(workspace_id, "*"))
        pipeline.hgetall(keys.cache_shadow_key(workspace_id))
        *by_day, held, measured = pipeline.execute()
    kinds: dict[str, dict[str, int]] = {}
    for day in by_day:
        for name, value in day.items():
            kind, _, counter = name.decode().partition("|")
            counters = kinds.setdefault(kind, {})
            counters[counter] = counters.get(counter, 0) + int(value)
    total: dict[str, int] = {}
    for counters in kinds.values():
        for counter, count in counters.items():
            total[counter] = total.get(counter, 0) + count
    return {
        "since": first.isoformat(),
        "entries": held,
        "total": _summed(total),
        "kinds": [{"kind": kind, **_summed(counters)} for kind, counters in sorted(kinds.items())],
        "shadow": _measurements(measured),
    }


def _summed(counters: Mapping[str, int]) -> dict[str, Any]:
    count = {name: counters.get(name, 0) for name in _COUNTERS}
    served = count["hits"] + count["stale"] + count["shared"]
    asked = served + count["revalidated"] + count["misses"]
    shadowed = counters.get("shadow_hits", 0) + counters.get("shadow_misses", 0)
    return {
        **count,
        "hit_rate": _rate(served, asked),
        "saved_seconds": round(counters.get("saved_us", 0) / 1_000_000, 3),
        "shadow": {
            "calls": shadowed,
            "would_hit": counters.get("shadow_hits", 0),
            "hit_rate": _rate(counters.get("shadow_hits", 0), shadowed),
            "saved_seconds": round(counters.get("shadow_saved_us", 0) / 1_000_000, 3),
        },
    }


_COUNTERS: Final = (
    "hits",
    "stale",
    "shared",
    "revalidated",
    "misses",
    "bypassed",
    "not_stored",
    "stored_bytes",
)


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


# -- Shadow mode ---------------------------------------------------------------------------------------------


def measure(
    *, workspace_id: uuid.UUID, workflow_id: uuid.UUID | None, seconds: float, by: Actor
) -> list[dict[str, Any]]:
    """Measure what a cache would save in the workspace, or in one workflow, for so long; 0 stops it."""
    if (
        workflow_id is not None
        and not Workflow.objects.filter(workspace_id=workspace_id, pk=workflow_id).exists()
    ):
        raise NotFound(what="workflow")
    name = keys.cache_shadow_key(workspace_id)
    scope = WHOLE_WORKSPACE if workflow_id is None else str(workflow_id)
    with _store() as valkey:
        if seconds > 0:
            until = utcnow() + timedelta(seconds=seconds)
            valkey.hset(name, scope, str(int(until.timestamp() * 1_000_000)))
            valkey.expire(name, MOST_MEASURED_SECONDS)
        else:
            valkey.hdel(name, scope)
        measured = cast("dict[bytes, bytes]", valkey.hgetall(name))
    details = {"workflow": None if workflow_id is None else str(workflow_id), "seconds": seconds}
    audit.record("cache.measured", target=None, by=by, details=details, workspace_id=workspace_id)
    return _measurements(measured)


def _measurements(measured: Mapping[bytes, bytes]) -> list[dict[str, Any]]:
    """Those that are not over; `workflow` None is the whole workspace."""
    now = utcnow().timestamp() * 1_000_000
    return [
        {"workflow": None if scope == b"*" else scope.decode(), "until": _instant(until)}
        for scope, until in sorted(measured.items())
        if int(until) > now
    ]


class _store:
    """The cache's Valkey; raise StoreAway when it does not answer."""

    def __enter__(self) -> Redis:
        return _valkey()

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        if isinstance(error, RedisError):
            raise StoreAway(store="Valkey") from error


@cache
def _valkey() -> Redis:
    return Redis.from_url(
        settings.CACHE_URL, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
    )
