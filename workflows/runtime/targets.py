"""What `flow.workflow` starts: the published version of a workflow of the same workspace."""

from __future__ import annotations

import uuid

from psycopg.rows import tuple_row

from studio.common.committer import Connection
from studio.kernel.errors import Permanent
from studio.kernel.ids import step_id, uuid7
from workflows.engine.events import StepKey
from workflows.runtime import payload
from workflows.runtime.plans import Plans
from workflows.runtime.records import Claimed, NewExecution

MAX_DEPTH = 20

TARGET_SQL = """
SELECT w.id, v.number, v.definition_id
FROM workflows_workflow w JOIN workflows_version v ON v.workflow_id = w.id AND v.number = w.published_version
WHERE w.workspace_id = %s AND w.status = 'published' AND (w.slug = %s OR w.id = %s)
ORDER BY (w.id = %s) DESC NULLS LAST LIMIT 1
"""
LINE_SQL = "SELECT id FROM workflows_execution WHERE id = %(line)s OR lineage_id = %(line)s"
FIRST_CHILD_SQL = """
SELECT coalesce(lineage_id, id) FROM workflows_execution
WHERE parent_id = ANY(%s::uuid[]) AND parent_step_id = ANY(%s::uuid[])
ORDER BY id LIMIT 1
"""


async def child_of(
    connection: Connection, plans: Plans, parent: Claimed, step: StepKey, *, workflow: str, given: object
) -> NewExecution:
    """The execution that `workflow` (id or slug) is to be; raise Permanent when there is none to start.

    When the parent was resumed, the child carries the idempotency keys of the one that this step awaited before.
    """
    if parent.depth >= MAX_DEPTH:
        raise Permanent(
            reason=f"Workflows may call each other at most {MAX_DEPTH} levels deep.",
            error_code="too_deep",
        )
    wanted = _as_id(workflow)
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(TARGET_SQL, [parent.workspace_id, workflow, wanted, wanted])
        found = await cursor.fetchone()
    if found is None:
        raise Permanent(
            reason=f"There is no published workflow {workflow} in this workspace.",
            error_code="workflow_not_found",
        )
    workflow_id, version, definition_id = found
    compiled = (await plans.load(connection, [definition_id]))[definition_id]
    if isinstance(compiled, Exception):
        raise compiled
    trigger = compiled.plan.default_trigger()
    if trigger is None and compiled.plan.triggers:
        raise Permanent(
            reason=f"The workflow {workflow} has several triggers and none of them is trigger.manual.",
            error_code="trigger_required",
        )
    identifier = uuid7()
    stored = payload.store(given, workspace_id=parent.workspace_id, execution_id=identifier)
    return NewExecution(
        id=identifier,
        workspace_id=parent.workspace_id,
        workflow_id=workflow_id,
        version=version,
        definition_id=definition_id,
        input=stored.data if stored.blob is None else stored.blob.body,
        trigger_node=trigger,
        trigger_kind=compiled.plan.nodes[trigger].kind if trigger else "trigger.manual",
        queue=parent.queue,
        region=parent.region,
        priority=parent.priority,
        parent_id=parent.id,
        depth=parent.depth + 1,
        lineage_id=await _lineage(connection, parent, step),
        started_by=parent.started_by,
    )


async def _lineage(connection: Connection, parent: Claimed, step: StepKey) -> uuid.UUID | None:
    if parent.lineage_id is None:
        return None
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(LINE_SQL, {"line": parent.lineage_id})
        line = [row[0] for row in await cursor.fetchall()]
        await cursor.execute(FIRST_CHILD_SQL, [line, [step_id(one, *step) for one in line]])
        found = await cursor.fetchone()
    return None if found is None else found[0]


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
