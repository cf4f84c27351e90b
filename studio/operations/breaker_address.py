"""Which breaker a call falls under: the kind of node and what it talks to, for one workspace or for all."""

from __future__ import annotations

import functools
import hashlib
import re
import uuid
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from django.conf import settings

from studio.kernel.breaker import BreakerPlan

_SPACE: Final = uuid.UUID("0b9c6f4e-6f0a-4a53-9a3e-5d2f6c1b7e10")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._:\[\]@-]{1,300}")


@dataclass(frozen=True, slots=True)
class BreakerAddress:
    """Where a breaker is found. `workspace_id` None: all workspaces share it."""

    id: uuid.UUID
    workspace_id: uuid.UUID | None
    key: str
    kind: str
    target: str


@functools.lru_cache(maxsize=10_000)
def address_of(workspace_id: uuid.UUID, kind: str, target: str) -> BreakerAddress:
    key = f"{kind}:{target if _PLAIN.fullmatch(target) else _digest(target)}"
    owner = None if is_shared(key) else workspace_id
    return BreakerAddress(uuid.uuid5(_SPACE, f"{owner}/{key}"), owner, key, kind, target[:300])


def address_of_key(workspace_id: uuid.UUID, key: str) -> BreakerAddress | None:
    """The address that calls of this workspace with this key have; None: no call can have it."""
    kind, _, target = key.partition(":")
    return address_of(workspace_id, kind, target) if kind and _PLAIN.fullmatch(target) else None


def is_shared(key: str) -> bool:
    """Whether the operator widened it to all workspaces."""
    return any(fnmatchcase(key, pattern) for pattern in settings.STUDIO_BREAKER_SHARED)


def configured_plan() -> BreakerPlan:
    return BreakerPlan(
        failures=settings.STUDIO_BREAKER_FAILURES,
        rate=settings.STUDIO_BREAKER_PERCENT / 100,
        samples=settings.STUDIO_BREAKER_SAMPLES,
        window=max(settings.STUDIO_BREAKER_WINDOW_SECONDS, 1.0),
        open_seconds=settings.STUDIO_BREAKER_OPEN_SECONDS,
        cap_seconds=max(settings.STUDIO_BREAKER_CAP_SECONDS, settings.STUDIO_BREAKER_OPEN_SECONDS),
        probes=settings.STUDIO_BREAKER_PROBES,
    )


def _digest(target: str) -> str:
    return hashlib.sha256(target.encode(errors="surrogatepass")).hexdigest()[:32]
