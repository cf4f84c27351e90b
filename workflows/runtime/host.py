"""What a run needs of the registration under which its execution is held."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from studio.operations.breakers import Breakers
from workflows.engine.events import StepKey
from workflows.runtime.attempts import Tools
from workflows.runtime.caching import ResultCache
from workflows.runtime.records import Claimed, FencedWrite, NewExecution

if TYPE_CHECKING:
    from workflows.runtime.run import Run


class Host(Tools, Protocol):
    """Implemented by `workflows.runtime.registration.Registration`."""

    breakers: Breakers
    results: ResultCache

    def post(self, write: FencedWrite) -> asyncio.Future[bool]: ...
    def now(self) -> datetime: ...
    async def child_of(
        self, parent: Claimed, step: StepKey, *, workflow: str, given: Any
    ) -> NewExecution: ...
    def saved(self, run: Run, write: FencedWrite) -> None: ...
    def gone(self, run: Run) -> None: ...
    def lost(self, why: str) -> None: ...
