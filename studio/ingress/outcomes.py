"""How an execution ended, for callers that wait: told by its events, read from its row.

The subscription stands before the execution is committed, so its end cannot be missed; where Valkey is away, the
row is looked at now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, Final

from studio.ingress.reading import Reader
from studio.kernel import codec
from studio.kernel.errors import StoreAway
from studio.kernel.keys import execution_channel
from workflows.live.hub import Hub
from workflows.models.execution import FINAL_STATUSES
from workflows.runtime.payload import input_shown
from workflows.services.presentation import present_execution

LOOK_SECONDS: Final = 1.0
LOOK_WITHOUT_EVENTS_SECONDS: Final = 0.1
_ENDS: Final = tuple(f'"execution.{status}"'.encode() for status in FINAL_STATUSES)

_COLUMNS: Final = (
    "id", "workflow_id", "version", "status", "trigger_node", "trigger_kind", "error", "reason", "queue", "region",
    "priority", "parent_id", "resumed_from", "tags", "created_at", "started_at", "finished_at",
)  # fmt: skip
ENDED_SQL = f"""
SELECT {", ".join(f"e.{name}" for name in _COLUMNS)}, w.name, p.input, p.output
FROM workflows_execution e
JOIN workflows_payload p ON p.id = e.id
LEFT JOIN workflows_workflow w ON w.id = e.workflow_id
WHERE e.id = %s AND e.finished_at IS NOT NULL
"""  # noqa: S608 - column names from above


class Ending:
    """The end of one execution, still to come."""

    def __init__(self, execution_id: uuid.UUID, reader: Reader) -> None:
        self._id = execution_id
        self._reader = reader
        self._told = asyncio.Event()
        self.hears = True

    def hear(self, message: bytes | None) -> None:
        if message is None or any(end in message for end in _ENDS):
            self._told.set()

    async def document(self, seconds: float, *, may_be_over: bool = False) -> dict[str, Any] | None:
        """The execution as the API shows it; None when it has not ended within `seconds`.

        `may_be_over`: it may have ended before anybody listened.
        """
        if may_be_over:
            self._told.set()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        look = LOOK_SECONDS if self.hears else LOOK_WITHOUT_EVENTS_SECONDS
        while True:
            left = deadline - loop.time()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(left, look))):
                    await self._told.wait()
            self._told.clear()
            row = await self._reader.row(ENDED_SQL, [self._id])
            if row is not None:
                return _shown(row)
            if left <= 0:
                return None


class Outcomes:
    def __init__(self, hub: Hub, reader: Reader) -> None:
        self._hub = hub
        self._reader = reader

    @contextlib.asynccontextmanager
    async def expected(self, execution_id: uuid.UUID) -> AsyncIterator[Ending]:
        """Enter before the execution is committed."""
        ending = Ending(execution_id, self._reader)
        async with contextlib.AsyncExitStack() as stack:
            watching = self._hub.watch(execution_channel(execution_id), str(execution_id), ending.hear)
            try:
                await stack.enter_async_context(watching)
            except StoreAway:
                ending.hears = False
            yield ending


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    *columns, name, given, output = row
    shown = present_execution(SimpleNamespace(**dict(zip(_COLUMNS, columns, strict=True))))
    documents = {"input": input_shown(given, columns[0]), "output": codec.decode(output)}
    return {**shown, "workflow_name": name, **documents}
