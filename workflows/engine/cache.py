"""Which outputs may be kept, under which name, for how long, and how one lies in the store.

Pure and read steps may be kept, writes never, and errors never. The name of an output is a keyed hash over all
that decides it, so that neither names nor indexes hold what params or credentials say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from studio.kernel import codec
from workflows.engine.kinds import Effect

DAY_SECONDS: Final = 86_400.0
PURE_SECONDS: Final = 7 * DAY_SECONDS
"""How long the output of a pure node is kept that names no `cache_ttl`."""
READ_SECONDS: Final = 300.0
"""The same for nodes that read from outside."""
RENEWABLE_SECONDS: Final = DAY_SECONDS
"""How much longer an output is kept that the other side can be asked about by its version."""
LONGEST_SECONDS: Final = 30 * DAY_SECONDS
MOST_BYTES: Final = 1024 * 1024
"""The largest stored form that is kept."""

_DIGEST_BYTES: Final = 16
_FORM: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What a kind says about keeping one output, as a rule in the words of the other side.

    `seconds`: how long it holds, when the node names no `cache_ttl`. `stale_seconds`: how much longer it may be
    served while a newer one is fetched. `renewable`: the other side tells whether it still holds.
    """

    allowed: bool = True
    seconds: float | None = None
    stale_seconds: float = 0.0
    renewable: bool = False


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds from now: until `fresh` it is served, until `stale` served and renewed, until `kept` renewed first."""

    fresh: float
    stale: float
    kept: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An output as the cache holds it; `took` is what it cost in seconds, `execution` who paid."""

    output: Any
    port: str | None
    took: float
    execution: str


def may_cache(effect: Effect, *, ttl: float | None) -> str | None:
    """Why a node with these settings is called every time, None when it need not be."""
    if effect is Effect.WRITE:
        return "writes"
    return "ttl_zero" if ttl == 0 else None


def lifetime(effect: Effect, *, ttl: float | None, stale: float | None, keeping: Keeping) -> Lifetime | None:
    """How long an output is kept; what the node's settings say goes before what its kind says. None: not at all."""
    if not keeping.allowed:
        return None
    fresh = ttl
    if fresh is None:
        fresh = PURE_SECONDS if effect is Effect.NONE else keeping.seconds
    if fresh is None:
        fresh = READ_SECONDS
    fresh = min(max(fresh, 0.0), LONGEST_SECONDS)
    served = min(fresh + max(keeping.stale_seconds if stale is None else stale, 0.0), LONGEST_SECONDS)
    kept = min(max(served, fresh + RENEWABLE_SECONDS if keeping.renewable else 0.0), LONGEST_SECONDS)
    return Lifetime(fresh, served, kept) if kept > 0 else None


def digest(
    pepper: bytes,
    *,
    workspace: bytes,
    kind: str,
    version: int,
    credentials: Sequence[str],
    key: str | None,
    params: Mapping[str, Any],
    inputs: Any,
) -> str:
    """The name of an output. With a `key`, that stands for params and inputs; raise TypeError for what is no JSON.

    `pepper` is the installation's: whoever reads the store cannot try out what a param may have been.
    """
    scope = [_FORM, kind, version, list(credentials)]
    said = [*scope, "key", key] if key is not None else [*scope, "params", params, inputs]
    found = hashlib.blake2b(workspace, digest_size=_DIGEST_BYTES, key=pepper[:64])
    found.update(orjson.dumps(said, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))
    return found.hexdigest()


def hidden(pepper: bytes, text: str) -> str:
    """A text by which something is found again without being written down."""
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES, key=pepper[:64]).hexdigest()


def packed(kept: Kept) -> bytes:
    """The entry, not yet in its stored form; raise OverflowError or TypeError for what JSON does not know."""
    return codec.pack([_FORM, kept.output, kept.port, kept.took, kept.execution])


def unpacked(stored: bytes) -> Kept | None:
    """The entry; None for one that is damaged. The form is part of its name, so no other is ever read."""
    try:
        _, output, port, took, execution = codec.decode(stored)
    except (TypeError, ValueError):
        return None
    return Kept(output=output, port=port, took=took, execution=execution)
