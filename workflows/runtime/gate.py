"""The breaker around a call: it passes, takes the way that was drawn for failures, or parks without losing a try."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, ClassVar

from django.conf import settings

from studio.kernel.breaker import Breaker
from studio.kernel.clock import rfc3339
from studio.kernel.errors import Category, NodeError, Transient
from studio.operations.breaker_address import BreakerAddress, address_of
from studio.operations.breakers import Breakers, Licence
from workflows.engine.steps import BREAKER
from workflows.nodes.sdk import NodeParams
from workflows.runtime.plans import Prepared


@dataclass(eq=False, kw_only=True)
class BreakerOpen(Transient):
    """What the node talks to is out of order, so the call was not made."""

    code: ClassVar[str] = "breaker_open"


class Parked(Exception):
    """The call is to be made later; nothing failed."""

    def __init__(self, wait: Mapping[str, Any], due_at: datetime) -> None:
        super().__init__()
        self.wait = dict(wait)
        self.due_at = due_at


class Gate:
    """`async with` it around a call; raise BreakerOpen or Parked instead of letting it happen."""

    __slots__ = ("_address", "_breakers", "_licence", "_prepared")

    def __init__(
        self, breakers: Breakers, prepared: Prepared, params: NodeParams, workspace_id: uuid.UUID
    ) -> None:
        node = prepared.node
        target = node.breaker_of(params)
        self._breakers = breakers
        self._prepared = prepared
        self._address = None if target is None else address_of(workspace_id, node.kind, target)
        self._licence: Licence | None = None

    async def __aenter__(self) -> None:
        if self._address is not None:
            self._licence = self._breakers.licence(self._address) or await self._breakers.ask(self._address)
            if self._licence is None:
                await self._turn_away(self._address)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._licence is not None:
            code = error.public_code if isinstance(error, NodeError) else ""
            self._breakers.tell(self._licence, _outcome_of(error), code)

    async def _turn_away(self, address: BreakerAddress) -> None:
        settings_ = self._prepared.plan.settings
        if self._prepared.plan.fallback is not None or settings_.on_error == "branch":
            raise _breaker_open(address, self._breakers.refused(address))
        due_at = await self._breakers.park(address)
        raise Parked(
            {
                "kind": BREAKER,
                "breaker": address.key,
                "reason": f"{address.target} does not answer as it should",
            },
            due_at,
        )


def _outcome_of(error: BaseException | None) -> bool | None:
    """Any answer of the other side shows that it is there; what failed before a byte left shows nothing."""
    if error is None:
        return True
    if not isinstance(error, NodeError):
        return None
    if error.category.value in settings.STUDIO_BREAKER_COUNTS:
        return False
    return True if "status" in error.details else None


def _breaker_open(address: BreakerAddress, breaker: Breaker) -> BreakerOpen:
    until = None if breaker.until is None else rfc3339(datetime.fromtimestamp(breaker.until, UTC))
    return BreakerOpen(
        reason=f"{address.target} does not answer as it should, so it was not called.",
        category=Category.UPSTREAM,
        details={"breaker": address.key, "until": until},
    )
