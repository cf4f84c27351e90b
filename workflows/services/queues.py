"""What waits in the queues of this installation, and who is there to serve it."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Sum
from django.db.models.functions import Now

from studio.operations.models import Worker
from studio.operations.queues import Queue

SERVED: Final = (Queue.DEFAULT, Queue.HIGH_PRIORITY, Queue.WEBHOOK)
"""Queues without which acknowledged work stands still."""

_LIVING = (Worker.Status.ALIVE, Worker.Status.DRAINING)
_RECENT_MINUTES = 5
LATE_SECONDS: Final = 60.0
"""Work that may start and has waited this long says that a queue's workers do not keep up, or do not work."""

# What waits for a worker and what waits for a place have an index each.
_WAITING_SQL = """
SELECT region, queue, count(*), extract(epoch FROM now() - min(coalesce(due_at, created_at)))::float8
FROM (
    SELECT region, queue, due_at, created_at FROM workflows_execution WHERE status = 'queued' AND admitted
    UNION ALL
    SELECT region, queue, due_at, created_at FROM workflows_execution WHERE status = 'queued' AND NOT admitted
) waiting GROUP BY region, queue
"""
_WORKERS_SQL = """
SELECT region, queue, count(*) FROM operations_worker, unnest(queues) AS queue
WHERE status = 'alive' AND lease_until > now() GROUP BY region, queue
"""
_LATE_SQL = """
SELECT DISTINCT queue FROM workflows_execution
WHERE status = 'queued' AND admitted AND coalesce(due_at, created_at) < now() - make_interval(secs => %(late)s)
"""
# Each status has an index of its own that holds what is alive, and the list's index holds what is recent.
_EXECUTIONS_SQL = """
SELECT
    (SELECT count(*) FROM workflows_execution
     WHERE workspace_id = %(workspace)s AND status = 'queued' AND admitted)
    + (SELECT count(*) FROM workflows_execution
       WHERE workspace_id = %(workspace)s AND status = 'queued' AND NOT admitted),
    (SELECT count(*) FROM workflows_execution WHERE workspace_id = %(workspace)s AND owner IS NOT NULL),
    (SELECT count(*) FROM workflows_execution WHERE workspace_id = %(workspace)s AND status = 'waiting'),
    (SELECT count(*) FROM workflows_execution
     WHERE workspace_id = %(workspace)s AND id >= uuidv7(make_interval(mins => -%(minutes)s))
       AND finished_at > now() - interval '1 minute')
"""


def queue_states() -> list[dict[str, Any]]:
    """Every queue that somebody serves or that something waits in, by region and name."""
    waiting = {(region, queue): (count, age) for region, queue, count, age in _rows(_WAITING_SQL)}
    served = {(region, queue): count for region, queue, count in _rows(_WORKERS_SQL)}
    states = []
    for region, queue in sorted(waiting.keys() | served.keys()):
        depth, age = waiting.get((region, queue), (0, None))
        states.append(
            {
                "queue": queue,
                "region": region,
                "depth": depth,
                "oldest_seconds": None if age is None else max(0.0, age),
                "workers": served.get((region, queue), 0),
            }
        )
    return states


def worker_health() -> dict[str, Any]:
    """`down`: nobody works. `degraded`: a queue that must be served is not, or too slowly."""
    states = Worker.objects.filter(status__in=_LIVING, lease_until__gt=Now())
    counted = dict(states.values_list("status").order_by("status").annotate(Count("id")))
    served = {queue for _, queue, _ in _rows(_WORKERS_SQL)}
    unserved = [str(queue) for queue in SERVED if queue not in served]
    late = sorted(queue for (queue,) in _rows(_LATE_SQL, {"late": LATE_SECONDS}))
    alive = counted.get(Worker.Status.ALIVE, 0)
    return {
        "status": "down" if not alive else "degraded" if unserved or late else "ok",
        "alive": alive,
        "draining": counted.get(Worker.Status.DRAINING, 0),
        "unserved_queues": unserved,
        "late_queues": late,
    }


def worker_stats(workspace_id: uuid.UUID) -> dict[str, Any]:
    """Room and load of the living workers, and what the workspace's executions are at."""
    living = Worker.objects.filter(status__in=_LIVING, lease_until__gt=Now())
    sums = living.aggregate(workers=Count("id"), slots=Sum("slots"), in_flight=Sum("in_flight"))
    finished = Worker.objects.aggregate(finished=Sum("finished"))["finished"]
    given = {"workspace": workspace_id, "minutes": _RECENT_MINUTES}
    queued, running, waiting, recent = _rows(_EXECUTIONS_SQL, given)[0]
    return {
        "workers": {name: value or 0 for name, value in {**sums, "finished": finished}.items()},
        "executions": {
            "queued": queued,
            "running": running,
            "waiting": waiting,
            "finished_last_minute": recent,
        },
    }


def _rows(statement: str, given: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
