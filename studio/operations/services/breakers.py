"""What operators do to breakers; every word of theirs is audited and may lapse by itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Final, Literal

from django.db import transaction
from django.db.models import F, Func, Q, QuerySet

from studio.accounts.access import Actor
from studio.kernel import breaker as arithmetic
from studio.kernel.breaker import Breaker as State
from studio.kernel.breaker import Phase
from studio.kernel.clock import utcnow
from studio.kernel.errors import Forbidden, NotFound
from studio.operations.breaker_address import BreakerAddress, address_of_key
from studio.operations.breaker_store import as_time
from studio.operations.models import Breaker
from studio.security.services import audit

Deed = Literal["open", "close", "reset"]
_AUDITED: Final[dict[Deed, str]] = {
    "open": "breaker.opened",
    "close": "breaker.closed",
    "reset": "breaker.reset",
}
_release: list[Callable[[Breaker], int]] = []


def release_with(function: Callable[[Breaker], int]) -> None:
    """Bind what lets the executions go on that a breaker holds; it runs in the transaction that lets it pass."""
    _release[:] = [function]


def breakers_of(workspace_id: uuid.UUID) -> QuerySet[Breaker]:
    """The workspace's own, and those that all share."""
    return Breaker.objects.filter(Q(workspace_id=workspace_id) | Q(workspace_id=None))


def breaker_named(workspace_id: uuid.UUID, key: str) -> Breaker:
    """The one that calls of this workspace fall under; raise NotFound."""
    address = address_of_key(workspace_id, key)
    found = None if address is None else Breaker.objects.filter(pk=address.id).first()
    if found is None:
        raise NotFound(what="breaker")
    return found


@transaction.atomic
def force_breaker(
    *, address: BreakerAddress, deed: Deed, by: Actor, reason: str = "", expires_in: float | None = None
) -> Breaker:
    """Hold it open or closed, for so many seconds or until somebody changes that; or forget everything."""
    if address.workspace_id is None and by.actor_kind != "operator":
        raise Forbidden(
            reason="All workspaces share this breaker: only who runs this installation may force it."
        )
    breaker = Breaker.objects.select_for_update().filter(pk=address.id).first() or _fresh(address)
    before = breaker.machine
    now = utcnow().timestamp()
    until = None if expires_in is None else now + expires_in
    match deed:
        case "open":
            after = arithmetic.force_open(before, now=now, until=until)
        case "close":
            after = arithmetic.force_closed(before, now=now, until=until)
        case "reset":
            after = arithmetic.reset(before, now=now)
    _store(
        breaker, after, reason="" if deed == "reset" else reason, by="" if deed == "reset" else by.actor_name
    )
    released = 0
    if after.phase is Phase.CLOSED and _release:
        released = _release[0](breaker)
    audit.record(
        _AUDITED[deed],
        target=breaker,
        by=by,
        details={"reason": reason, "expires_in": expires_in, "was": before.phase.value, "released": released},
    )
    return breaker


def address_of(breaker: Breaker) -> BreakerAddress:
    return BreakerAddress(breaker.pk, breaker.workspace_id, breaker.key, breaker.kind, breaker.target)


def _fresh(address: BreakerAddress) -> Breaker:
    """One that nobody needed so far."""
    return Breaker.objects.create(
        id=address.id,
        workspace_id=address.workspace_id,
        key=address.key,
        kind=address.kind,
        target=address.target,
        revision=1,
        state=State().as_document(),
        since=utcnow(),
        changed_at=utcnow(),
    )


def _store(breaker: Breaker, state: State, *, reason: str, by: str) -> None:
    """A worker that knows an older revision fails to write, and looks again."""
    since, until = as_time(state.since), as_time(state.until)
    Breaker.objects.filter(pk=breaker.pk).update(
        revision=F("revision") + 1,
        phase=state.phase.value,
        state=state.as_document(),
        since=since,
        until=until,
        reason=reason,
        set_by=by,
        changed_at=Func(function="clock_timestamp"),
    )
    breaker.refresh_from_db()
