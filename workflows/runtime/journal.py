"""What one execution has still to write: rows of changed steps, blobs, children, mail, and its own end."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from workflows.engine.events import StepKey
from workflows.engine.steps import FINAL, Step
from workflows.runtime import payload, verdicts
from workflows.runtime.payload import Stored
from workflows.runtime.records import (
    BlobRow,
    Claimed,
    FencedWrite,
    NewExecution,
    NewMail,
    StatusChange,
    StepRow,
)
from workflows.runtime.rows import Kept, Stamps, row_of


class Journal:
    """Numbers events: `epoch * 2**32 + n`, so that no successor can reuse a number."""

    __slots__ = (
        "_blobs",
        "_cache",
        "_claimed",
        "_new_children",
        "_sent",
        "_seq",
        "_stored",
        "change",
        "children",
        "stamps",
    )  # fmt: skip

    def __init__(self, claimed: Claimed, kept: Kept | None) -> None:
        self._claimed = claimed
        self._seq = claimed.epoch << 32
        self._stored: dict[StepKey, Stored] = {}
        self._blobs: list[BlobRow] = []
        self._new_children: list[NewExecution] = []
        self._sent: list[NewMail] = []
        self._cache: dict[StepKey, dict[str, Any]] = {}
        self.change: StatusChange | None = None
        self.stamps: dict[StepKey, Stamps] = {} if kept is None else kept.stamps
        self.children: dict[StepKey, uuid.UUID] = {} if kept is None else _awaited(kept.steps)

    def started(self, step: Step, now: datetime) -> None:
        stamps = self.stamps.get(step.key)
        if stamps is None:
            self.stamps[step.key] = Stamps(now, now)

    def keep_output(self, key: StepKey, output: Any) -> None:
        """Bring an output into its stored form; raise Permanent for what cannot be stored."""
        if output is None:
            self._stored.pop(key, None)
            return
        try:
            self._stored[key] = self._store(output)
        except (OverflowError, TypeError, ValueError) as error:
            raise verdicts.not_json(error) from error

    def note_cache(self, key: StepKey, note: dict[str, Any]) -> None:
        """What the result cache had to do with a step; it goes out with the step's next row."""
        self._cache[key] = note

    def final_output(self, output: Any) -> bytes | None:
        if output is None:
            return None
        stored = self._store(output)
        if stored.blob is not None:
            self._blobs.append(stored.blob)
        return stored.data

    def start_child(self, step: Step, child: NewExecution, *, step_id: uuid.UUID | None) -> None:
        """The child's row goes out with the step's; with `step_id` its end is reported to that step."""
        child.parent_step_id = step_id
        self._new_children.append(child)
        if step_id is not None:
            self.children[step.key] = child.id

    def send(self, mail: NewMail) -> None:
        self._sent.append(mail)

    def forget(self) -> None:
        """Drop everything but the end that is still to come."""
        self._blobs, self._new_children = [], []
        self._stored.clear()

    def write_of(self, steps: Sequence[Step], now: datetime) -> FencedWrite:
        """Everything until now as one write; what it holds is not held here any longer."""
        rows = [self._row(step, now) for step in steps]
        change, self.change = self.change, None
        if change is not None:
            change.seq = self._next()
        write = FencedWrite(
            execution_id=self._claimed.id,
            epoch=self._claimed.epoch,
            steps=rows,
            change=change,
            sent_mail=self._sent,
            children=self._new_children,
            parent_id=self._claimed.parent_id,
            parent_step_id=self._claimed.parent_step_id,
            blobs=self._blobs,
        )
        self._sent, self._new_children, self._blobs = [], [], []
        return write

    def _row(self, step: Step, now: datetime) -> StepRow:
        stamps = self.stamps.get(step.key)
        if stamps is None:
            stamps = self.stamps[step.key] = Stamps(now)
        if step.status in FINAL and stamps.finished is None:
            stamps.finished = now
        return row_of(
            step,
            execution_id=self._claimed.id,
            seq=self._next(),
            stamps=stamps,
            output=self._output(step),
            cache=self._cache.pop(step.key, None),
        )

    def _output(self, step: Step) -> bytes | None:
        stored = self._stored.pop(step.key, None)
        if stored is None:
            if step.output is None:
                return None
            stored = self._store(step.output)
        if stored.blob is not None:
            self._blobs.append(stored.blob)
        return stored.data

    def _store(self, value: Any) -> Stored:
        return payload.store(value, workspace_id=self._claimed.workspace_id, execution_id=self._claimed.id)

    def _next(self) -> int:
        self._seq += 1
        return self._seq


def _awaited(steps: Sequence[Step]) -> dict[StepKey, uuid.UUID]:
    return {
        step.key: uuid.UUID(step.wait["execution"])
        for step in steps
        if step.wait is not None and step.wait.get("kind") == "child"
    }
