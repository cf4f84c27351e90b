"""Taking due executions, fairly over workspaces, under the worker's own living lease."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence

from psycopg.rows import dict_row

from studio.common.committer import Connection
from workflows.runtime.records import Claimed

# The claim is one statement: it locks the worker's own row (FOR SHARE) and needs it alive with its lease
# ahead of the database's clock, so a worker that was declared dead can claim nothing, however late it wakes up.
# Workspaces are found by a skip scan over the claim index, from where the last claim ended and round again, so
# that they take turns; each gives what is first in its line (a priority counts as minutes waited), first one of
# each, then a second one. What a limit keeps waiting is not in the index that is walked here.
CLAIM_SQL = """
WITH RECURSIVE me AS (
    SELECT id, region FROM operations_worker
    WHERE id = %(worker)s AND status = 'alive' AND lease_until > now()
    FOR SHARE
), tenants AS (
    (SELECT q.queue, q.lap, q.upto, e.workspace_id, 1 AS n
     FROM unnest(%(queues)s::text[], %(laps)s::int[], %(after)s::uuid[], %(upto)s::uuid[])
              AS q(queue, lap, after, upto), me,
          LATERAL (SELECT workspace_id FROM workflows_execution
                   WHERE status = 'queued' AND admitted AND region = me.region AND queue = q.queue
                     AND workspace_id > q.after AND workspace_id <= q.upto
                   ORDER BY workspace_id LIMIT 1) e)
    UNION ALL
    SELECT t.queue, t.lap, t.upto, e.workspace_id, t.n + 1
    FROM tenants t, me,
         LATERAL (SELECT workspace_id FROM workflows_execution
                  WHERE status = 'queued' AND admitted AND region = me.region AND queue = t.queue
                    AND workspace_id > t.workspace_id AND workspace_id <= t.upto
                  ORDER BY workspace_id LIMIT 1) e
    WHERE t.n < 200
), candidates AS (
    SELECT c.id
    FROM tenants t, me,
         LATERAL (SELECT id, row_number() OVER (ORDER BY turn_at) AS rank
                  FROM (SELECT id, turn_at FROM workflows_execution
                        WHERE status = 'queued' AND admitted AND region = me.region AND queue = t.queue
                          AND workspace_id = t.workspace_id
                        ORDER BY turn_at
                        LIMIT %(limit)s FOR UPDATE SKIP LOCKED) due) c
    ORDER BY array_position(%(queues)s::text[], t.queue), c.rank, t.lap, t.n
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
          e.started_by, e.slot,
          (SELECT p.input FROM workflows_payload p WHERE p.id = e.id) AS input,
          EXISTS (SELECT 1 FROM workflows_mailbox m WHERE m.execution_id = e.id) AS has_mail
"""

DEFINITIONS_SQL = "SELECT id, body FROM workflows_definition WHERE id = ANY(%s::uuid[])"


FIRST, LAST = uuid.UUID(int=0), uuid.UUID(int=(1 << 128) - 1)


class Turns:
    """The workspace that had the last turn in each queue; the next claim begins behind it."""

    def __init__(self) -> None:
        self._last: dict[str, uuid.UUID] = {}

    def laps(self, queues: Sequence[str]) -> list[tuple[str, int, uuid.UUID, uuid.UUID]]:
        """For each queue: from behind the last turn to the end, then from the beginning up to it."""
        found = []
        for queue in queues:
            last = self._last.get(queue, FIRST)
            found.append((queue, 0, last, LAST))
            if last != FIRST:
                found.append((queue, 1, FIRST, last))
        return found

    def take(self, claimed: Sequence[Claimed]) -> None:
        """Remember who came last: of those served once more than the others, the one furthest on."""
        for queue in {one.queue for one in claimed}:
            served = Counter(one.workspace_id for one in claimed if one.queue == queue)
            most = max(served.values())
            before = self._last.get(queue, FIRST)
            full = [workspace for workspace, count in served.items() if count == most]
            self._last[queue] = max(full, key=lambda workspace: (workspace <= before, workspace))


async def claim(
    connection: Connection,
    *,
    worker: uuid.UUID,
    queues: Sequence[str],
    limit: int,
    turns: Turns | None = None,
) -> list[Claimed]:
    """Take up to `limit` due executions of `queues` (earlier queues first); none when our lease is gone."""
    turns = turns or Turns()
    laps = turns.laps(queues)
    given = {
        "worker": worker,
        "queues": [queue for queue, *_ in laps],
        "laps": [lap for _, lap, *_ in laps],
        "after": [after for *_, after, _ in laps],
        "upto": [upto for *_, upto in laps],
        "limit": limit,
    }
    async with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        await cursor.execute(CLAIM_SQL, given)
        claimed = [Claimed(**row) for row in await cursor.fetchall()]
    turns.take(claimed)
    return claimed
