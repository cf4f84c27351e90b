"""Taking due executions, fairly over workspaces, under the worker's own living lease."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from psycopg.rows import dict_row

from studio.common.committer import Connection
from workflows.runtime.records import Claimed

# The claim is one statement: it locks the worker's own row (FOR SHARE) and needs it alive with its lease
# ahead of the database's clock, so a worker that was declared dead can claim nothing, however late it wakes up.
# Workspaces are found by a skip scan over the claim index, then each gives its oldest rows of highest
# priority; ranking rows within their workspace before ordering over all of them shares a batch evenly.
CLAIM_SQL = """
WITH RECURSIVE me AS (
    SELECT id, region FROM operations_worker
    WHERE id = %(worker)s AND status = 'alive' AND lease_until > now()
    FOR SHARE
), tenants AS (
    (SELECT q.queue, e.workspace_id, 1 AS n
     FROM unnest(%(queues)s::text[], %(after)s::uuid[]) AS q(queue, after), me,
          LATERAL (SELECT workspace_id FROM workflows_execution
                   WHERE status = 'queued' AND region = me.region AND queue = q.queue
                     AND workspace_id > q.after
                   ORDER BY workspace_id LIMIT 1) e)
    UNION ALL
    SELECT t.queue, e.workspace_id, t.n + 1
    FROM tenants t, me,
         LATERAL (SELECT workspace_id FROM workflows_execution
                  WHERE status = 'queued' AND region = me.region AND queue = t.queue
                    AND workspace_id > t.workspace_id
                  ORDER BY workspace_id LIMIT 1) e
    WHERE t.n < 200
), candidates AS (
    SELECT c.id, c.rank, t.queue, c.priority, c.due_at
    FROM tenants t, me,
         LATERAL (SELECT id, priority, due_at, row_number() OVER (ORDER BY priority DESC, due_at) AS rank
                  FROM (SELECT id, priority, due_at FROM workflows_execution
                        WHERE status = 'queued' AND region = me.region AND queue = t.queue
                          AND workspace_id = t.workspace_id
                        ORDER BY priority DESC, due_at
                        LIMIT %(limit)s FOR UPDATE SKIP LOCKED) due) c
    ORDER BY array_position(%(queues)s::text[], t.queue), c.rank, c.due_at
    LIMIT %(limit)s
)
UPDATE workflows_execution e
SET status = 'running', owner = %(worker)s, epoch = e.epoch + 1, due_at = NULL, reason = NULL,
    started_at = coalesce(e.started_at, now())
FROM candidates c
WHERE e.id = c.id AND e.status = 'queued'
RETURNING e.id, e.workspace_id, e.workflow_id, e.version, e.definition_id, e.trigger_node, e.trigger_kind,
          e.queue, e.region, e.priority, e.parent_id, e.parent_step_id, e.depth, e.resumed_from,
          e.lineage_id, e.epoch, e.losses, e.seq, e.active_seconds, e.created_at, e.started_at,
          (SELECT p.input FROM workflows_payload p WHERE p.id = e.id) AS input,
          EXISTS (SELECT 1 FROM workflows_mailbox m WHERE m.execution_id = e.id) AS has_mail
"""

DEFINITIONS_SQL = "SELECT id, body FROM workflows_definition WHERE id = ANY(%s::uuid[])"


START = uuid.UUID(int=0)
MANY_WORKSPACES = 50


class Rotation:
    """Where the walk over workspaces goes on in each queue.

    One claim looks at no more than 200 workspaces. When it served many, the next one starts behind them, so that
    those at the end of the index have their turn too.
    """

    def __init__(self) -> None:
        self._after: dict[str, uuid.UUID] = {}

    def starts(self, queues: Sequence[str]) -> list[uuid.UUID]:
        return [self._after.get(queue, START) for queue in queues]

    def go_on(self, claimed: Sequence[Claimed], *, limit: int) -> bool:
        """Take in what a claim found; True when there may be more before the place where it started."""
        if len(claimed) < limit:
            began_later = bool(self._after)
            self._after.clear()
            return began_later
        served: dict[str, set[uuid.UUID]] = {}
        for one in claimed:
            served.setdefault(one.queue, set()).add(one.workspace_id)
        self._after.update(
            (queue, max(workspaces))
            for queue, workspaces in served.items()
            if len(workspaces) >= MANY_WORKSPACES
        )
        return True


async def claim(
    connection: Connection,
    *,
    worker: uuid.UUID,
    queues: Sequence[str],
    limit: int,
    after: Sequence[uuid.UUID] | None = None,
) -> list[Claimed]:
    """Take up to `limit` due executions of `queues` (earlier queues first); none when our lease is gone.

    `after`: for each queue, the workspace behind which to begin.
    """
    given = {
        "worker": worker,
        "queues": list(queues),
        "after": list(after) if after is not None else [START] * len(queues),
        "limit": limit,
    }
    async with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(CLAIM_SQL, given)
        return [Claimed(**row) for row in await cursor.fetchall()]
