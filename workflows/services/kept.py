"""Steps that an execution begins with: taken over from an earlier one, or written in by hand.

They are inserted with the execution in one transaction, before anybody can claim it. It starts at epoch 1, as if
an owner had come so far and left: the next one restores it as it restores all others.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Final

from django.db import connection

from studio.kernel import codec
from studio.kernel.clock import utcnow
from studio.kernel.errors import Invalid, Problem
from studio.kernel.ids import step_id, step_range
from workflows.engine.events import StepKey
from workflows.engine.findings import escaped
from workflows.engine.plan import Plan
from workflows.engine.steps import FINAL
from workflows.engine.steps import Step as EngineStep
from workflows.models import Blob, Execution, Step
from workflows.runtime import payload
from workflows.runtime.records import NewExecution

_EPOCH: Final = 1

# Outputs are copied where they lie; a large one is a reference, and stays one.
_COPY_SQL = """
INSERT INTO workflows_step
    (id, execution_id, node, kind, iteration, status, attempt, handled, reason, port, seq, error, wait, due_at,
     queued_at, started_at, finished_at, output, memo)
SELECT taken.id, %s, s.node, s.kind, s.iteration, s.status, s.attempt, s.handled, s.reason, s.port, taken.seq,
       s.error, s.wait, s.due_at, s.queued_at, s.started_at, s.finished_at, s.output, s.memo
FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS taken(source, id, seq)
JOIN workflows_step s ON s.id = taken.source
"""


def engine_steps(rows: Sequence[Step]) -> list[EngineStep]:
    """Rows in the order of their latest changes, as the engine knows them; outputs are left out."""
    return [_engine_step(row) for row in rows]


def rows_without_outputs(execution_id: uuid.UUID) -> list[Step]:
    rows = Step.objects.filter(execution_id=execution_id, pk__range=step_range(execution_id))
    return list(rows.defer("output").order_by("seq"))


def begin_with(
    execution: NewExecution,
    plan: Plan,
    steps: Sequence[EngineStep],
    *,
    taken_from: Sequence[Step] = (),
    written_in: Collection[StepKey] = (),
) -> None:
    """Give an execution, inserted in this transaction, the steps it goes on from.

    A step that is as its row in `taken_from` was is copied with its output; of others, and of those whose output
    was `written_in`, the output counts.
    """
    rows = {(row.node, row.iteration): row for row in taken_from}
    base = _EPOCH << 32
    copied: list[tuple[Step, int]] = []
    made: list[Step] = []
    for number, step in enumerate(steps, start=1):
        row = rows.get(step.key)
        if row is not None and step.key not in written_in and _is_same(step, row):
            copied.append((row, base + number))
        else:
            made.append(_row(execution, plan, step, base + number, row))
    _copy(execution.id, copied)
    Step.objects.bulk_create(made)
    Execution.objects.filter(pk=execution.id).update(epoch=_EPOCH, seq=base + len(steps) + 1)


def _copy(execution_id: uuid.UUID, rows: Sequence[tuple[Step, int]]) -> None:
    if rows:
        ids = [step_id(execution_id, row.node, row.iteration) for row, _ in rows]
        with connection.cursor() as cursor:
            cursor.execute(
                _COPY_SQL, [execution_id, [row.pk for row, _ in rows], ids, [seq for _, seq in rows]]
            )


def _engine_step(row: Step) -> EngineStep:
    memo = codec.decode(row.memo) or {}
    return EngineStep(
        row.node,
        row.iteration,
        status=row.status,
        attempt=row.attempt,
        handled=row.handled,
        reason=row.reason,
        port=row.port,
        error=row.error,
        due_at=row.due_at,
        wait=row.wait,
        items=memo.get("items"),
        params=memo.get("params"),
        inputs=memo.get("inputs"),
    )


def _is_same(step: EngineStep, row: Step) -> bool:
    return step.output is None and (step.status, step.port) == (row.status, row.port)


def _row(execution: NewExecution, plan: Plan, step: EngineStep, seq: int, row: Step | None) -> Step:
    now = utcnow()
    memo = {"items": step.items, "inputs": step.inputs}
    told = {name: value for name, value in memo.items() if value is not None}
    return Step(
        id=step_id(execution.id, *step.key),
        execution_id=execution.id,
        node=step.node,
        kind=plan.nodes[step.node].kind,
        iteration=step.iteration,
        status=step.status,
        attempt=step.attempt,
        handled=step.handled,
        port=step.port,
        seq=seq,
        error=step.error,
        wait=step.wait,
        queued_at=now if row is None else row.queued_at,
        started_at=now if row is None else row.started_at,
        finished_at=now if step.status in FINAL else None,
        output=_stored(execution, step),
        memo=codec.encode(told) if told else None,
    )


def _stored(execution: NewExecution, step: EngineStep) -> bytes | None:
    if step.output is None:
        return None
    try:
        stored = payload.store(step.output, workspace_id=execution.workspace_id, execution_id=execution.id)
    except OverflowError as error:
        pointer = f"/outputs/{escaped(':'.join(filter(None, step.key)))}"
        problem = Problem(pointer, "number_too_large", "A whole number does not fit into 64 bits.")
        raise Invalid(problems=[problem]) from error
    if stored.blob is not None:
        blob = stored.blob
        Blob.objects.create(
            id=blob.id,
            workspace_id=blob.workspace_id,
            execution_id=blob.execution_id,
            media_type=blob.media_type,
            size_bytes=blob.size_bytes,
            sha256=blob.sha256,
            body=blob.body,
        )
    return stored.data
