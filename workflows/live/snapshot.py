"""An execution with its steps as PostgreSQL knows them at one moment."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, Protocol

from studio.kernel.ids import step_range
from workflows.services.presentation import (
    ExecutionRow,
    StepRow,
    execution_event,
    present_execution,
    present_step,
    shown_columns,
    step_event,
)

# What is shown decides what is read: a column that presentation asks for cannot be missing here.
_EXECUTION: Final = (*shown_columns(ExecutionRow), "workspace_id", "seq")
_STEP: Final = (*shown_columns(StepRow), "seq")
_COLUMNS: Final = [*(f"e.{name}" for name in _EXECUTION), *(f"s.{name}" for name in _STEP)]

# One statement, so that the execution and its steps are of the same moment.
SNAPSHOT_SQL = f"""
SELECT {", ".join(_COLUMNS)}
FROM workflows_execution e
LEFT JOIN workflows_step s ON s.execution_id = e.id AND s.id BETWEEN %s AND %s
WHERE e.id = %s
ORDER BY s.seq
"""  # noqa: S608 - column names from above


class Reads(Protocol):
    """Reads from PostgreSQL over connections that somebody else keeps."""

    async def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`seq` is the number of the latest event that it shows."""

    execution: Any
    steps: list[Any]
    seq: int

    def document(self) -> dict[str, Any]:
        """The first frame a client gets."""
        return {
            "type": "snapshot",
            "seq": self.seq,
            "execution": present_execution(self.execution),
            "steps": [present_step(step) for step in self.steps],
        }

    def events_after(self, seq: int) -> list[dict[str, Any]]:
        """The latest event of everything that changed after `seq`, in order."""
        events = [
            step_event(step, step.seq, self.execution.id)
            for step in self.steps
            if step.seq > seq and step.status != "pending"
        ]
        if self.execution.seq > seq:
            events.append(execution_event(self.execution, self.execution.seq))
        return sorted(events, key=lambda event: int(event["seq"]))


async def read_snapshot(reads: Reads, execution_id: uuid.UUID) -> Snapshot | None:
    """None for an execution that is not there."""
    rows = await reads.rows(SNAPSHOT_SQL, [*step_range(execution_id), execution_id])
    if not rows:
        return None
    width = len(_EXECUTION)
    execution = SimpleNamespace(**dict(zip(_EXECUTION, rows[0][:width], strict=True)))
    steps = [
        SimpleNamespace(**dict(zip(_STEP, row[width:], strict=True)))
        for row in rows
        if row[width] is not None
    ]
    return Snapshot(execution, steps, max([execution.seq, *(step.seq for step in steps)]))
