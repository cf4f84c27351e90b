"""Where accounts report what was done; the audit trail itself lies in a higher layer and is bound at start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from django.db.models import Model

from studio.accounts.access import Actor


class Trail(Protocol):
    """Writes one entry within the caller's transaction."""

    def __call__(
        self, action: str, *, target: Model | None, by: Actor, details: Mapping[str, Any] | None = None
    ) -> None: ...


class _Unbound:
    def __call__(
        self, action: str, *, target: Model | None, by: Actor, details: Mapping[str, Any] | None = None
    ) -> None:
        raise RuntimeError("studio.wiring has not bound the audit trail")


_trail: Trail = _Unbound()


def bind(trail: Trail) -> None:
    global _trail
    _trail = trail


def record(action: str, *, target: Model | None, by: Actor, details: Mapping[str, Any] | None = None) -> None:
    """Note a deed with the change it describes; `target` is what it was done to."""
    _trail(action, target=target, by=by, details=details)
