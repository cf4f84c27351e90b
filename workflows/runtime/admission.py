"""How many executions run at once: of one workflow or key, and of one workspace.

What is limited waits at the door: its row is `queued` and not `admitted`, in an index that no claim walks, so
nothing without limits pays for those with one. A worker that claims an execution of a limited workflow for the
first time sends it to the door with its slot. One admitter at a time counts and lets in, so no limit is ever
overrun; whoever waits, is paused or has ended holds no place.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from studio.common.committer import Connection
from studio.kernel.ids import content_id
from workflows.engine.expressions import ExpressionError, to_text
from workflows.engine.plan import Concurrency
from workflows.runtime import payload, verdicts
from workflows.runtime.loading import Loaded
from workflows.runtime.plans import Compiled
from workflows.runtime.ports import bound
from workflows.runtime.starting import facts

MOST_PAIRS: Final = 500
MOST_AT_ONCE: Final = 200
MOST_KEY_LENGTH: Final = 200
FIRST: Final = uuid.UUID(int=0)

# The lock is taken by a statement of its own: what counts afterwards sees all that earlier holders let in.
LOCK_SQL = "SELECT pg_advisory_xact_lock(hashtext('workflows.admission'), hashtext(%s))"

ANYBODY_SQL = """
SELECT EXISTS (SELECT FROM workflows_execution WHERE status = 'queued' AND NOT admitted AND region = %s)
"""

# A skip scan finds who waits for what; each slot and each workspace lets in as many as it has room for. What holds
# places is counted once for each, and no further than its limit.
ADMIT_SQL = """
WITH RECURSIVE pairs AS (
    (SELECT workspace_id, slot, 1 AS n FROM workflows_execution
     WHERE status = 'queued' AND NOT admitted AND region = %(region)s
       AND (workspace_id, slot) > (%(workspace)s::uuid, %(slot)s::uuid)
     ORDER BY workspace_id, slot LIMIT 1)
    UNION ALL
    SELECT e.workspace_id, e.slot, p.n + 1
    FROM pairs p, LATERAL (
        SELECT workspace_id, slot FROM workflows_execution
        WHERE status = 'queued' AND NOT admitted AND region = %(region)s
          AND (workspace_id, slot) > (p.workspace_id, p.slot)
        ORDER BY workspace_id, slot LIMIT 1) e
    WHERE p.n < %(pairs)s
), workspaces AS MATERIALIZED (
    SELECT p.workspace_id, CASE WHEN l.most IS NOT NULL THEN l.most - (
        SELECT count(*) FROM (
            SELECT FROM workflows_execution a
            WHERE a.workspace_id = p.workspace_id AND a.slot IS NOT NULL AND a.admitted
              AND a.status IN ('queued', 'running') LIMIT l.most) held) END AS room
    FROM (SELECT DISTINCT workspace_id FROM pairs) p
    LEFT JOIN accounts_workspace w ON w.id = p.workspace_id
    LEFT JOIN unnest(%(tiers)s::text[], %(limits)s::int[]) AS l(tier, most) ON l.tier = w.tier
), slots AS MATERIALIZED (
    SELECT p.workspace_id, p.slot, w.room AS workspace_room,
           least(w.room, CASE WHEN h.slot_limit IS NOT NULL THEN h.slot_limit - (
               SELECT count(*) FROM (
                   SELECT FROM workflows_execution a
                   WHERE a.workspace_id = p.workspace_id AND a.slot = p.slot AND a.admitted
                     AND a.status IN ('queued', 'running') LIMIT h.slot_limit) held) END) AS room
    FROM pairs p
    JOIN workspaces w ON w.workspace_id = p.workspace_id
    CROSS JOIN LATERAL (
        SELECT slot_limit FROM workflows_execution
        WHERE status = 'queued' AND NOT admitted AND region = %(region)s
          AND workspace_id = p.workspace_id AND slot = p.slot
        ORDER BY turn_at LIMIT 1) h
), first AS (
    SELECT c.id, s.workspace_room, row_number() OVER (PARTITION BY s.workspace_id ORDER BY c.turn_at) AS place
    FROM slots s, LATERAL (
        SELECT id, turn_at FROM workflows_execution
        WHERE status = 'queued' AND NOT admitted AND region = %(region)s
          AND workspace_id = s.workspace_id AND slot = s.slot
        ORDER BY turn_at LIMIT greatest(least(s.room, %(most)s), 0) FOR UPDATE SKIP LOCKED) c
    WHERE s.room IS NULL OR s.room > 0
), let_in AS (
    UPDATE workflows_execution e SET admitted = true
    FROM first f WHERE e.id = f.id AND (f.workspace_room IS NULL OR f.place <= f.workspace_room)
    RETURNING e.queue
)
SELECT (SELECT array_agg(DISTINCT queue) FROM let_in),
       (SELECT array[workspace_id, slot] FROM pairs WHERE n = %(pairs)s)
"""

# One too many ends itself, or what runs: told by mail, as anybody would. It needs no place to end.
OVER_SQL = """
WITH over_limit AS (
    SELECT e.id, e.workspace_id, e.slot, e.slot_limit, e.on_limit,
           row_number() OVER (PARTITION BY e.workspace_id, e.slot ORDER BY e.id DESC) AS newest
    FROM workflows_execution e
    WHERE e.status = 'queued' AND NOT e.admitted AND e.region = %(region)s
      AND e.on_limit <> 'queue'
      AND e.slot_limit <= (SELECT count(*) FROM workflows_execution a
                           WHERE a.workspace_id = e.workspace_id AND a.slot = e.slot AND a.admitted
                             AND a.status IN ('queued', 'running'))
    LIMIT 1000
), wanting AS (
    SELECT workspace_id, slot, max(slot_limit) AS slot_limit, least(count(*), max(slot_limit)) AS newer
    FROM over_limit WHERE on_limit = 'cancel_running' GROUP BY workspace_id, slot
), holding AS (
    SELECT a.id, w.slot_limit, w.newer,
           row_number() OVER (PARTITION BY a.workspace_id, a.slot ORDER BY a.id DESC) AS newest
    FROM wanting w JOIN workflows_execution a
      ON a.workspace_id = w.workspace_id AND a.slot = w.slot AND a.admitted AND a.status IN ('queued', 'running')
), to_end AS (
    SELECT id FROM over_limit WHERE on_limit = 'reject' OR newest > slot_limit
    UNION ALL
    SELECT id FROM holding WHERE newest > slot_limit - newer
), told AS (
    INSERT INTO workflows_mailbox (id, execution_id, kind, name, held, created_at)
    SELECT uuidv7(), t.id, 'cancel', 'concurrency', false, now() FROM to_end t
    WHERE NOT EXISTS (SELECT FROM workflows_mailbox m WHERE m.execution_id = t.id AND m.kind = 'cancel')
    RETURNING execution_id
)
UPDATE workflows_execution e SET admitted = true FROM told t
WHERE e.id = t.execution_id AND e.status = 'queued' AND NOT e.admitted
RETURNING e.queue
"""

SEND_SQL = """
UPDATE workflows_execution e
SET status = 'queued', owner = NULL, admitted = false, slot = x.slot, slot_limit = x.slot_limit,
    on_limit = x.on_limit, reason = x.reason, due_at = now(),
    started_at = CASE WHEN e.epoch > 1 THEN e.started_at END
FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::int[], %s::text[], %s::jsonb[])
         AS x(id, epoch, slot, slot_limit, on_limit, reason)
WHERE e.id = x.id AND e.owner = %s AND e.epoch = x.epoch
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """What an execution shares its limit with."""

    id: uuid.UUID
    limit: int
    on_limit: str
    key: str | None

    def reason(self) -> dict[str, Any]:
        key = {} if self.key is None else {"key": self.key[:MOST_KEY_LENGTH]}
        return {"code": "concurrency", "scope": "workflow", "limit": self.limit, **key}


def slot_for(limits: Concurrency, home: uuid.UUID, scope: Mapping[str, Any]) -> Slot:
    """`home` is the workflow, or the definition that was never saved; raise ExpressionError."""
    key = None if limits.key is None else to_text(limits.key.render(scope))
    identifier = content_id(b"slot", home.bytes, (key or "").encode())
    return Slot(identifier, limits.limit, limits.on_limit, key)


async def send_to_the_door(
    connection: Connection, worker: uuid.UUID, loaded: Sequence[Loaded]
) -> list[Loaded]:
    """Give back what has a limit and no slot yet; answer what may go on."""
    going, sent = [], []
    for one in loaded:
        slot = _slot_of(one)
        if slot is None:
            going.append(one)
        else:
            sent.append((one.claimed.id, one.claimed.epoch, slot))
    if sent:
        await connection.execute(
            SEND_SQL,
            [
                [identifier for identifier, _, _ in sent],
                [epoch for _, epoch, _ in sent],
                [slot.id for *_, slot in sent],
                [slot.limit for *_, slot in sent],
                [slot.on_limit for *_, slot in sent],
                [orjson.dumps(slot.reason()).decode() for *_, slot in sent],
                worker,
            ],
        )
    return going


def _slot_of(loaded: Loaded) -> Slot | None:
    claimed, compiled = loaded.claimed, loaded.compiled
    if not isinstance(compiled, Compiled) or compiled.plan.settings.concurrency is None:
        return None
    if claimed.slot not in (None, claimed.workspace_id) or any(m.kind == "cancel" for m in loaded.mail):
        return None
    scope = {
        "trigger": payload.load(claimed.input),
        "vars": loaded.variables,
        "execution": facts(claimed),
    }
    try:
        return slot_for(
            compiled.plan.settings.concurrency, claimed.workflow_id or claimed.definition_id, scope
        )
    except ExpressionError as error:
        loaded.compiled = verdicts.bad_expression(error)
        return None


class Door:
    """Lets in what has room; every worker may stand at it, one does at a time."""

    def __init__(self, connection: Connection, region: str) -> None:
        self.connection = connection
        self._region = region

    async def admit(self) -> set[str]:
        """Walk past everybody who waits; answer the queues of what was let in."""
        cursor = await self.connection.execute(ANYBODY_SQL, [self._region])
        if await cursor.fetchone() == (False,):
            return set()
        queues: set[str] = set()
        after: tuple[uuid.UUID, uuid.UUID] | None = (FIRST, FIRST)
        while after is not None:
            async with self.connection.transaction():
                await self.connection.execute(LOCK_SQL, [self._region])
                served, after = await self._let_in(after)
                queues |= served | await self._end_over()
        return queues

    async def _let_in(
        self, after: tuple[uuid.UUID, uuid.UUID]
    ) -> tuple[set[str], tuple[uuid.UUID, uuid.UUID] | None]:
        limits = bound.admission.limits()
        given = {
            "region": self._region,
            "workspace": after[0],
            "slot": after[1],
            "pairs": MOST_PAIRS,
            "most": MOST_AT_ONCE,
            "tiers": list(limits),
            "limits": list(limits.values()),
        }
        cursor = await self.connection.execute(ADMIT_SQL, given)
        row: Any = await cursor.fetchone()
        queues, last = row
        return set(queues or ()), None if last is None else (last[0], last[1])

    async def _end_over(self) -> set[str]:
        cursor = await self.connection.execute(OVER_SQL, {"region": self._region})
        return {str(row[0]) for row in await cursor.fetchall()}
