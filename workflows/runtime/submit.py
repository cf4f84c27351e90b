"""Accepting executions: one SQL text for the ingress (in groups) and for services (alone).

Idempotency is decided in the same statement: only the submission that won its key inserts an execution;
the others learn which execution the key started (`(workspace, scope, key)` is unique).
"""

from __future__ import annotations

import uuid
from collections.abc import Hashable, Sequence
from typing import Any, Protocol

import orjson

from studio.common.committer import Connection
from workflows.runtime.arrays import plain, texts
from workflows.runtime.ports import bound
from workflows.runtime.records import Accepted, NewExecution

SUBMIT_SQL = """
WITH new AS (
    SELECT * FROM unnest(
        %s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::uuid[], %s::bytea[], %s::bytea[], %s::text[],
        %s::text[], %s::text[], %s::text[], %s::smallint[], %s::uuid[], %s::uuid[], %s::smallint[],
        %s::uuid[], %s::uuid[], %s::uuid[], %s::jsonb[], %s::text[], %s::text[], %s::bytea[], %s::int[]
    ) AS new(id, workspace_id, workflow_id, version, definition_id, definition_body, input, trigger_node,
             trigger_kind, queue, region, priority, parent_id, parent_step_id, depth,
             resumed_from, lineage_id, started_by, tags, scope, key, body_hash, keep_seconds)
), keys AS (
    INSERT INTO common_idempotencykey AS kept
        (id, workspace_id, scope, key, body_hash, ref, created_at, updated_at, expires_at)
    SELECT id, workspace_id, scope, key, body_hash, id, now(), now(),
           now() + make_interval(secs => keep_seconds)
    FROM new WHERE key IS NOT NULL
    ON CONFLICT (workspace_id, scope, key) DO UPDATE
        SET body_hash = excluded.body_hash, ref = excluded.ref, expires_at = excluded.expires_at
        WHERE kept.expires_at < now()
    RETURNING ref
), won AS (
    SELECT * FROM new WHERE key IS NULL OR EXISTS (SELECT 1 FROM keys WHERE keys.ref = new.id)
), stored AS (
    INSERT INTO workflows_definition (id, workspace_id, body, created_at)
    SELECT DISTINCT ON (definition_id) definition_id, workspace_id, definition_body, now()
    FROM won WHERE definition_body IS NOT NULL
    ON CONFLICT (id) DO NOTHING
), payloads AS (
    INSERT INTO workflows_payload (id, input) SELECT id, input FROM won
), executions AS (
    INSERT INTO workflows_execution
        (id, workspace_id, workflow_id, version, definition_id, status, trigger_node, trigger_kind, queue,
         region, priority, parent_id, parent_step_id, depth, resumed_from, lineage_id, started_by,
         tags, created_at, due_at, turn_at, admitted, slot, reason)
    SELECT won.id, workspace_id, workflow_id, version, definition_id, 'queued', trigger_node, trigger_kind, queue,
           won.region, priority, parent_id, parent_step_id, depth, resumed_from, lineage_id, started_by,
           ARRAY(SELECT jsonb_array_elements_text(tags)), now(), now(), now() - make_interval(mins => priority),
           w.id IS NULL, w.id,
           CASE WHEN w.id IS NOT NULL THEN '{"code": "concurrency", "scope": "workspace"}'::jsonb END
    FROM won LEFT JOIN accounts_workspace w ON w.id = won.workspace_id AND w.tier = ANY(%s::text[])
    RETURNING id
)
SELECT id FROM executions
"""

EARLIER_SQL = """
SELECT workspace_id, scope, key, ref, body_hash FROM common_idempotencykey
JOIN unnest(%s::uuid[], %s::text[], %s::text[]) AS wanted(w, s, k)
  ON workspace_id = w AND scope = s AND key = k
"""

PRESENT_SQL = "SELECT id FROM workflows_execution WHERE id = ANY(%s::uuid[])"


def parameters(rows: Sequence[NewExecution]) -> list[Any]:
    """The column arrays that SUBMIT_SQL takes, in its order."""
    keys = [row.idempotency for row in rows]
    return [
        plain([row.id for row in rows]),
        plain([row.workspace_id for row in rows]),
        plain([row.workflow_id for row in rows]),
        plain([row.version for row in rows]),
        plain([row.definition_id for row in rows]),
        [row.definition_body for row in rows],
        [row.input for row in rows],
        texts([row.trigger_node for row in rows]),
        texts([row.trigger_kind for row in rows]),
        texts([row.queue for row in rows]),
        texts([row.region for row in rows]),
        plain([row.priority for row in rows]),
        plain([row.parent_id for row in rows]),
        plain([row.parent_step_id for row in rows]),
        plain([row.depth for row in rows]),
        plain([row.resumed_from for row in rows]),
        plain([row.lineage_id for row in rows]),
        plain([row.started_by for row in rows]),
        texts([_json_text(row.tags) for row in rows]),
        texts([key.scope if key else None for key in keys]),
        texts([key.key if key else None for key in keys]),
        [key.body_hash if key else None for key in keys],
        plain([key.keep_seconds if key else None for key in keys]),
        list(bound.admission.limits()),
    ]


def fold(rows: Sequence[NewExecution]) -> list[NewExecution]:
    """Drop the later of two rows with the same key: one statement may touch a key once."""
    seen: set[tuple[uuid.UUID, str, str]] = set()
    kept = []
    for row in rows:
        if row.idempotency is not None:
            name = (row.workspace_id, row.idempotency.scope, row.idempotency.key)
            if name in seen:
                continue
            seen.add(name)
        kept.append(row)
    return kept


def settle(
    rows: Sequence[NewExecution],
    inserted: set[uuid.UUID],
    earlier: dict[tuple[uuid.UUID, str, str], tuple[uuid.UUID, bytes]],
) -> list[Accepted]:
    """Tell each row what became of it, from the ids that were inserted and the keys that stood already."""
    answers = []
    for row in rows:
        if row.id in inserted or row.idempotency is None:
            answers.append(Accepted(row.id))
            continue
        ref, body_hash = earlier[(row.workspace_id, row.idempotency.scope, row.idempotency.key)]
        answers.append(
            Accepted(ref, replayed=ref != row.id, same_body=bytes(body_hash) == row.idempotency.body_hash)
        )
    return answers


class SubmitWriter:
    """Accepts executions in groups (studio.common.committer.Writer)."""

    def key(self, row: NewExecution) -> Hashable:
        return (row.idempotency.scope, row.idempotency.key) if row.idempotency else ("", str(row.id))

    def size(self, row: NewExecution) -> int:
        return 256 + len(row.input) + len(row.definition_body or b"")

    async def write(self, connection: Connection, rows: Sequence[NewExecution]) -> Sequence[Accepted]:
        cursor = await connection.execute(SUBMIT_SQL, parameters(fold(rows)), binary=True)
        inserted = {row[0] for row in await cursor.fetchall()}
        return settle(rows, inserted, await self._earlier(connection, rows, inserted))  # type: ignore[arg-type]

    async def look_up(
        self, connection: Connection, rows: Sequence[NewExecution]
    ) -> Sequence[Accepted | None]:
        cursor = await connection.execute(PRESENT_SQL, [[row.id for row in rows]], binary=True)
        present = {row[0] for row in await cursor.fetchall()}
        return [Accepted(row.id) if row.id in present else None for row in rows]

    async def _earlier(
        self, connection: Connection, rows: Sequence[NewExecution], inserted: set[Any]
    ) -> dict[tuple[uuid.UUID, str, str], tuple[uuid.UUID, bytes]]:
        lost = [row for row in rows if row.idempotency is not None and row.id not in inserted]
        if not lost:
            return {}
        cursor = await connection.execute(EARLIER_SQL, earlier_parameters(lost), binary=True)
        return {(w, s, k): (ref, digest) for w, s, k, ref, digest in await cursor.fetchall()}  # type: ignore[misc]


def earlier_parameters(rows: Sequence[NewExecution]) -> list[list[Any]]:
    keyed = [(row.workspace_id, row.idempotency) for row in rows if row.idempotency is not None]
    return [[w for w, _ in keyed], [i.scope for _, i in keyed], [i.key for _, i in keyed]]


class _Cursor(Protocol):
    def execute(self, query: str, params: Any = None) -> Any: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...


def submit_now(cursor: _Cursor, row: NewExecution) -> Accepted:
    """Accept one execution within the caller's transaction (services, schedules, webhook events)."""
    cursor.execute(SUBMIT_SQL, parameters([row]))
    inserted = {found[0] for found in cursor.fetchall()}
    if row.id in inserted or row.idempotency is None:
        return Accepted(row.id)
    cursor.execute(EARLIER_SQL, earlier_parameters([row]))
    earlier = {(w, s, k): (ref, digest) for w, s, k, ref, digest in cursor.fetchall()}
    return settle([row], inserted, earlier)[0]


def _json_text(tags: list[str]) -> str:
    return orjson.dumps(tags).decode()
