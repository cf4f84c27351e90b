"""Between the engine's steps and their rows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from psycopg.rows import dict_row

from studio.common.committer import Connection
from studio.kernel import codec
from studio.kernel.ids import step_id, step_range
from workflows.engine.events import StepKey
from workflows.engine.steps import FINAL, Step
from workflows.runtime import payload
from workflows.runtime.records import Claimed, StepRow

log = structlog.get_logger()

# Step ids carry their execution's time, so each range lies in one partition and one stretch of the index.
STEPS_SQL = """
SELECT s.id, s.execution_id, s.node, s.iteration, s.status, s.attempt, s.handled, s.reason, s.port, s.seq,
       s.error, s.wait, s.due_at, s.queued_at, s.started_at, s.finished_at, s.output, s.memo
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS wanted(execution_id, low, high)
JOIN workflows_step s ON s.id BETWEEN wanted.low AND wanted.high AND s.execution_id = wanted.execution_id
ORDER BY s.seq
"""

BLOBS_SQL = "SELECT id, body FROM workflows_blob WHERE id = ANY(%s::uuid[])"


@dataclass(slots=True)
class Stamps:
    """When a step was handed out, ran and ended."""

    queued: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None


@dataclass(slots=True)
class Kept:
    """What the earlier owners of an execution left, in the order it was written."""

    steps: list[Step] = field(default_factory=list)
    stamps: dict[StepKey, Stamps] = field(default_factory=dict)
    unreadable: bool = False


def row_of(
    step: Step,
    *,
    execution_id: uuid.UUID,
    seq: int,
    stamps: Stamps,
    output: bytes | None,
    cache: dict[str, Any] | None = None,
) -> StepRow:
    return StepRow(
        id=step_id(execution_id, step.node, step.iteration),
        execution_id=execution_id,
        node=step.node,
        kind=step.spec.kind,
        iteration=step.iteration,
        status=step.status,
        attempt=step.attempt,
        handled=step.handled,
        reason=step.reason,
        port=step.port,
        seq=seq,
        error=step.error,
        wait=step.wait,
        due_at=step.due_at,
        queued_at=stamps.queued,
        started_at=stamps.started,
        finished_at=stamps.finished,
        output=output,
        memo=_memo(step),
        cache=cache,
    )


def _memo(step: Step) -> bytes | None:
    """What the row must know beyond its columns: items and inputs always, what was sent until it is answered."""
    params = None if step.status in FINAL else step.params
    if params is None and step.items is None and step.inputs is None:
        return None
    kept = {"items": step.items, "inputs": step.inputs, "params": params}
    return codec.encode({name: value for name, value in kept.items() if value is not None})


async def kept_steps(connection: Connection, claimed: Sequence[Claimed]) -> dict[uuid.UUID, Kept]:
    """The steps of executions that had an owner before, with their outputs read through blobs."""
    ids = [execution.id for execution in claimed]
    found = {identifier: Kept() for identifier in ids}
    if not ids:
        return found
    ranges = [step_range(identifier) for identifier in ids]
    arguments = [ids, [low for low, _ in ranges], [high for _, high in ranges]]
    async with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(STEPS_SQL, arguments)
        rows = await cursor.fetchall()
    for row in rows:
        kept = found[row["execution_id"]]
        try:
            _keep(kept, row)
        except Exception:
            # One damaged row must not stop everything else that was claimed with it.
            log.exception("step.unreadable", execution=str(row["execution_id"]), node=row["node"])
            kept.unreadable = True
    await _read_blobs(connection, found.values())
    return found


async def blobs(connection: Connection, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Any]:
    """The documents that blobs hold."""
    if not ids:
        return {}
    cursor = await connection.execute(BLOBS_SQL, [list(ids)], binary=True)
    return {row[0]: payload.load(row[1]) for row in await cursor.fetchall()}  # type: ignore[misc, arg-type]


def _keep(kept: Kept, row: Mapping[str, Any]) -> None:
    memo = codec.decode(row["memo"]) or {}
    step = Step(
        row["node"],
        row["iteration"],
        status=row["status"],
        attempt=row["attempt"],
        handled=row["handled"],
        reason=row["reason"],
        output=payload.load(row["output"]),
        port=row["port"],
        error=row["error"],
        due_at=row["due_at"],
        wait=row["wait"],
        items=memo.get("items"),
        params=memo.get("params"),
        inputs=memo.get("inputs"),
    )
    kept.steps.append(step)
    kept.stamps[step.key] = Stamps(row["queued_at"], row["started_at"], row["finished_at"])


async def _read_blobs(connection: Connection, kept: Any) -> None:
    referring = [
        (step, blob)
        for one in kept
        for step in one.steps
        if (blob := payload.reference(step.output)) is not None
    ]
    loaded = await blobs(connection, [blob for _, blob in referring])
    for step, blob in referring:
        step.output = loaded.get(blob)
