"""Failed executions on their way into their error groups, and dead letters into their list.

A sweep, not a part of the finishing write: an execution that failed and names no group is found by a partial
index, so what was left over by whatever died is simply found again. Counts, the execution's group and its dead
letter are one transaction, so each failure is counted exactly once.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
import structlog
from django.db import connection, transaction

from studio.kernel import codec
from studio.kernel.errors import Category
from studio.kernel.ids import uuid7
from workflows.engine.fingerprint import Fingerprint, fingerprint_of
from workflows.models import Definition
from workflows.services.hints import hint

log = structlog.get_logger()

BATCH: Final = 500
LOCK_KEY: Final = 0x4572_4772  # "ErGr": one process groups at a time, so that none waits for another's rows
ONGOING_AFTER_HOURS: Final = 24
"""How long a group is told as new, or as having come back."""

_UNGROUPED_SQL = """
SELECT id, workspace_id, workflow_id, definition_id, error, losses, coalesce(finished_at, now())
FROM workflows_execution
WHERE error_group_id IS NULL AND error IS NOT NULL AND status IN ('failed', 'rolled_back', 'rollback_failed')
ORDER BY id LIMIT %s
FOR NO KEY UPDATE SKIP LOCKED
"""

_GROUPS_SQL = """
INSERT INTO workflows_errorgroup AS g
    (id, workspace_id, fingerprint, algorithm, kind, category, code, template, message, state, state_changed_at,
     count, first_seen_at, last_seen_at, last_execution_id, resolved_by)
SELECT id, workspace_id, fingerprint, algorithm, kind, category, code, template, message, 'new', now(),
       count, first_seen_at, last_seen_at, last_execution_id, ''
FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::uuid[])
  AS x(id, workspace_id, fingerprint, algorithm, kind, category, code, template, message, count,
       first_seen_at, last_seen_at, last_execution_id)
ORDER BY workspace_id, fingerprint
ON CONFLICT (workspace_id, fingerprint) DO UPDATE SET
    count = g.count + excluded.count,
    first_seen_at = least(g.first_seen_at, excluded.first_seen_at),
    message = CASE WHEN excluded.last_seen_at >= g.last_seen_at THEN excluded.message ELSE g.message END,
    last_execution_id = CASE WHEN excluded.last_seen_at >= g.last_seen_at
                             THEN excluded.last_execution_id ELSE g.last_execution_id END,
    last_seen_at = greatest(g.last_seen_at, excluded.last_seen_at)
RETURNING workspace_id, fingerprint, id
"""

# Seen again after it was resolved; or ignored until this many.
_REVIVE_SQL = """
UPDATE workflows_errorgroup
SET state = CASE state WHEN 'resolved' THEN 'regressed' ELSE 'ongoing' END, state_changed_at = now(),
    ignored_until = NULL, ignored_until_count = NULL
WHERE id = ANY(%s::uuid[])
  AND ((state = 'resolved' AND last_seen_at > resolved_at)
       OR (state = 'ignored' AND ignored_until_count <= count))
"""

_RIPEN_SQL = """
UPDATE workflows_errorgroup
SET state = 'ongoing', state_changed_at = now(), ignored_until = NULL, ignored_until_count = NULL
WHERE state IN ('new', 'regressed', 'ignored')
  AND ((state <> 'ignored' AND state_changed_at < now() - make_interval(hours => %s)) OR ignored_until <= now())
RETURNING workspace_id, id
"""

_ASSIGN_SQL = """
UPDATE workflows_execution e SET error_group_id = x.group_id
FROM unnest(%s::uuid[], %s::uuid[]) AS x(id, group_id) WHERE e.id = x.id
"""

_WORKFLOWS_SQL = """
INSERT INTO workflows_errorgroupworkflow AS g (id, error_group_id, workflow_id, count, last_seen_at)
SELECT x.id, x.group_id, x.workflow_id, x.count, x.last_seen_at
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[], %s::timestamptz[])
  AS x(id, group_id, workflow_id, count, last_seen_at)
JOIN workflows_workflow w ON w.id = x.workflow_id
ON CONFLICT (error_group_id, workflow_id) DO UPDATE SET
    count = g.count + excluded.count, last_seen_at = greatest(g.last_seen_at, excluded.last_seen_at)
"""

_DEAD_LETTERS_SQL = """
INSERT INTO workflows_deadletter (id, workspace_id, workflow_id, code, reason, losses, created_at)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::smallint[], %s::timestamptz[])
ON CONFLICT (id) DO NOTHING
"""

GroupKey = tuple[uuid.UUID, str]


@dataclass(frozen=True, slots=True)
class _Failure:
    """One failed execution."""

    id: uuid.UUID
    workspace_id: uuid.UUID
    workflow_id: uuid.UUID | None
    definition_id: uuid.UUID
    error: Mapping[str, Any]
    losses: int
    at: datetime

    @property
    def is_dead_letter(self) -> bool:
        """Our side is to blame, and no node."""
        return self.error.get("category") == Category.INFRASTRUCTURE and self.error.get("node") is None


@dataclass(slots=True)
class _Sightings:
    """What a batch saw of one group."""

    print: Fingerprint
    failures: list[_Failure] = field(default_factory=list)

    @property
    def last(self) -> _Failure:
        return max(self.failures, key=lambda failure: (failure.at, failure.id))

    @property
    def first_at(self) -> datetime:
        return min(failure.at for failure in self.failures)


@transaction.atomic
def group_failures(limit: int = BATCH) -> int:
    """Group what failed since; answers how many executions that were, 0 also while another process is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK_KEY])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_UNGROUPED_SQL, [limit])
        failures = [_failure(row) for row in cursor.fetchall()]
        if not failures:
            return 0
        seen = _by_group(failures)
        groups = _write_groups(cursor, seen)
        _assign(cursor, seen, groups)
        _write_dead_letters(cursor, [failure for failure in failures if failure.is_dead_letter])
    _tell(groups, failures)
    log.info("failures.grouped", executions=len(failures), groups=len(groups))
    return len(failures)


@transaction.atomic
def ripen_groups() -> None:
    """What was new a day ago is ongoing, and what was ignored until now is so again."""
    with connection.cursor() as cursor:
        cursor.execute(_RIPEN_SQL, [ONGOING_AFTER_HOURS])
        for workspace_id, group in cursor.fetchall():
            hint(workspace_id, "error_group", [group])


def _failure(row: Sequence[Any]) -> _Failure:
    identifier, workspace, workflow, definition, error, losses, at = row
    return _Failure(identifier, workspace, workflow, definition, _object(error), losses, at)


def _object(value: Any) -> Mapping[str, Any]:
    document = orjson.loads(value) if isinstance(value, str) else value
    return document if isinstance(document, dict) else {}


def _by_group(failures: Sequence[_Failure]) -> dict[GroupKey, _Sightings]:
    kinds = _kinds({failure.definition_id for failure in failures})
    seen: dict[GroupKey, _Sightings] = {}
    for failure in failures:
        kind = kinds.get(failure.definition_id, {}).get(str(failure.error.get("node")), "")
        found = fingerprint_of(failure.error, kind)
        seen.setdefault((failure.workspace_id, found.value), _Sightings(found)).failures.append(failure)
    return seen


def _kinds(definitions: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[str, str]]:
    """The kind of every node, by definition; a definition that cannot be read has no nodes."""
    found: dict[uuid.UUID, dict[str, str]] = {}
    for row in Definition.objects.filter(pk__in=list(definitions)).only("body"):
        try:
            nodes = codec.decode(row.body)["nodes"]
            found[row.pk] = {node["id"]: str(node["kind"]) for node in nodes}
        except Exception:  # noqa: BLE001 - whatever is wrong with it, its failures must not hold up all others
            log.warning("definition.unreadable", definition=str(row.pk))
    return found


def _write_groups(cursor: Any, seen: Mapping[GroupKey, _Sightings]) -> dict[GroupKey, uuid.UUID]:
    sightings = list(seen.values())
    prints = [one.print for one in sightings]
    latest = [one.last for one in sightings]
    arguments = [
        [uuid7() for _ in sightings],
        [workspace for workspace, _ in seen],
        [found.value for found in prints],
        [found.algorithm for found in prints],
        [found.kind for found in prints],
        [found.category for found in prints],
        [found.code for found in prints],
        [found.template for found in prints],
        [str(last.error.get("message", "")) for last in latest],
        [len(one.failures) for one in sightings],
        [one.first_at for one in sightings],
        [last.at for last in latest],
        [last.id for last in latest],
    ]
    cursor.execute(_GROUPS_SQL, arguments)
    groups = {(workspace, value): group for workspace, value, group in cursor.fetchall()}
    cursor.execute(_REVIVE_SQL, [list(groups.values())])
    return groups


def _assign(cursor: Any, seen: Mapping[GroupKey, _Sightings], groups: Mapping[GroupKey, uuid.UUID]) -> None:
    pairs = [(failure, groups[key]) for key, one in seen.items() for failure in one.failures]
    cursor.execute(_ASSIGN_SQL, [[failure.id for failure, _ in pairs], [group for _, group in pairs]])
    hits = Counter((group, failure.workflow_id) for failure, group in pairs if failure.workflow_id)
    last = {(group, failure.workflow_id): failure.at for failure, group in sorted(pairs, key=_when)}
    cursor.execute(
        _WORKFLOWS_SQL,
        [
            [uuid7() for _ in hits],
            [group for group, _ in hits],
            [workflow for _, workflow in hits],
            list(hits.values()),
            [last[hit] for hit in hits],
        ],
    )


def _when(pair: tuple[_Failure, uuid.UUID]) -> datetime:
    return pair[0].at


def _write_dead_letters(cursor: Any, dead: Sequence[_Failure]) -> None:
    if dead:
        cursor.execute(
            _DEAD_LETTERS_SQL,
            [
                [failure.id for failure in dead],
                [failure.workspace_id for failure in dead],
                [failure.workflow_id for failure in dead],
                [str(failure.error.get("code", "")) for failure in dead],
                [str(failure.error.get("message", "")) for failure in dead],
                [failure.losses for failure in dead],
                [failure.at for failure in dead],
            ],
        )


def _tell(groups: Mapping[GroupKey, uuid.UUID], failures: Sequence[_Failure]) -> None:
    for workspace in {workspace for workspace, _ in groups}:
        hint(workspace, "error_group", [group for (owner, _), group in groups.items() if owner == workspace])
        dead = [
            failure.id for failure in failures if failure.is_dead_letter and failure.workspace_id == workspace
        ]
        if dead:
            hint(workspace, "dead_letter", dead)
