"""Event frames as clients read them, made from the rows that were committed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from studio.kernel.clock import rfc3339
from workflows.runtime.records import Claimed, FencedWrite, StatusChange, StepRow

_STEP_TYPES = {"running": "step.started"}
_RETRY = "retry"


def started_frame(claimed: Claimed, at: datetime) -> dict[str, Any]:
    """A worker took it: for the first time, or again."""
    kind = "execution.started" if _is_first(claimed) else "execution.resumed"
    row = {"id": str(claimed.id), "status": "running", "started_at": rfc3339(claimed.started_at)}
    return {"type": kind, "seq": claimed.epoch << 32, "at": rfc3339(at), "execution": row, "step": None}


def _is_first(claimed: Claimed) -> bool:
    """Whether nothing of it has run; what has a limit is claimed once before it is let in."""
    if claimed.slot is None:
        return claimed.epoch == 1
    return claimed.losses == 0 and claimed.active_seconds == 0


def frames_of(write: FencedWrite, at: datetime) -> list[dict[str, Any]]:
    """One frame for each row of a write, in the order of their numbers."""
    execution, now = str(write.execution_id), rfc3339(at)
    frames = [
        {"type": _type_of(row), "seq": row.seq, "at": now, "execution": execution, "step": step_shape(row)}
        for row in write.steps
        if row.status != "pending"
    ]
    if write.change is not None:
        frames.append(_change_frame(execution, write.change, now))
    return frames


def step_shape(row: StepRow) -> dict[str, Any]:
    """The step without its documents, which are fetched when somebody opens them."""
    return {
        "id": str(row.id),
        "node": row.node,
        "kind": row.kind,
        "iteration": iteration_path(row.iteration),
        "status": row.status,
        "attempt": row.attempt,
        "handled": row.handled,
        "reason": row.reason,
        "error": row.error,
        "cache": row.cache,
        "due_at": _time(row.due_at),
        "queued_at": _time(row.queued_at),
        "started_at": _time(row.started_at),
        "finished_at": _time(row.finished_at),
    }


def iteration_path(text: str) -> list[dict[str, Any]]:
    """`each.3/loop.2` as the API shows it."""
    parts = (part.partition(".") for part in text.split("/") if part)
    return [{"scope": scope, "index": int(index)} for scope, _, index in parts]


def _type_of(row: StepRow) -> str:
    if row.status == "waiting" and row.wait is not None and row.wait.get("kind") == _RETRY:
        return "step.retrying"
    return _STEP_TYPES.get(row.status, f"step.{row.status}")


def _change_frame(execution: str, change: StatusChange, now: str) -> dict[str, Any]:
    row = {"id": execution, "status": change.status, "reason": change.reason, "error": change.error}
    if change.final:
        row["finished_at"] = now
    return {
        "type": f"execution.{change.status}",
        "seq": change.seq,
        "at": now,
        "execution": row,
        "step": None,
    }


def _time(value: datetime | None) -> str | None:
    return None if value is None else rfc3339(value)
