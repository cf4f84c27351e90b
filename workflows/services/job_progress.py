"""Carrying jobs on, one batch after the other: see what became of what was started, then start more.

A batch is one transaction: what it did to executions, the marks on its items and the job's counts are there
together or not at all. So a process may die at any moment, and the next one goes on where the last commit was.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import Error as StoreError
from django.db import connection, transaction
from django.db.models import F

from studio.accounts.access import Somebody
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict, NotFound, StudioError
from workflows.models import Job, JobItem
from workflows.services.hints import hint
from workflows.services.job_verbs import VERBS

log = structlog.get_logger()

BATCH: Final = 50
REVIEWED: Final = 1_000
ROUND_SECONDS: Final = 3.0
MOST_JOBS: Final = 200
DETAIL_CHARACTERS: Final = 500

PARKED_WELL: Final = ("awaits_timer", "awaits_signal")
"""Reasons for which an execution waits that has come past what failed."""

# A failure is looked at once it has its group, which says whether it is news.
_ENDED_SQL = """
SELECT i.id, i.result_id, e.status, e.error_group_id, e.error->>'message'
FROM workflows_jobitem i LEFT JOIN workflows_execution e ON e.id = i.result_id
WHERE i.job_id = %s AND i.state = 'started'
  AND (e.id IS NULL OR e.status IN ('succeeded', 'cancelled') OR (e.finished_at IS NOT NULL AND e.error IS NULL)
       OR e.error_group_id IS NOT NULL OR (e.status = 'waiting' AND e.reason->>'code' = ANY(%s)))
ORDER BY i.id LIMIT %s
"""

_MARK_SQL = """
UPDATE workflows_jobitem i SET state = x.state, result_id = x.result_id, detail = x.detail
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[]) AS x(id, state, result_id, detail)
WHERE i.id = x.id
"""

_COUNTS: Final = ("started", "done", "failed", "skipped")
_Mark = tuple[uuid.UUID, JobItem.State, uuid.UUID | None, str]


def advance_jobs() -> int:
    """Carry every running job on as far as it may go now; answers how many executions something was done to."""
    until = time.monotonic() + ROUND_SECONDS
    done = 0
    while time.monotonic() < until:
        running = Job.objects.filter(state=Job.State.RUNNING).order_by(F("advanced_at").asc(nulls_first=True))
        moved = sum(advance_job(job) for job in running.values_list("pk", flat=True)[:MOST_JOBS])
        if not moved:
            break
        done += moved
    return done


@transaction.atomic
def advance_job(job_id: uuid.UUID) -> int:
    """One batch of one job; nothing while another process is at it."""
    running = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id, state=Job.State.RUNNING)
    job = running.first()
    if job is None:
        return 0
    before = _snapshot(job)
    now = _now()
    _review(job)
    moved = 0
    if job.state == Job.State.RUNNING:
        _pass_stages(job)
        moved = _start_more(job, now)
    if job.state == Job.State.RUNNING:
        _finish_if_over(job)
    if job.state != Job.State.RUNNING:
        job.finished_at = now
    if _snapshot(job) != before:
        job.save()
        hint(job.workspace_id, "job", [job.pk])
    return moved


def _snapshot(job: Job) -> tuple[Any, ...]:
    return (job.state, job.stage, job.advanced_at, *(getattr(job, name) for name in _COUNTS))


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        found: datetime = cursor.fetchone()[0]
    return found


# -- What became of what was started -----------------------------------------------------------------------


def _review(job: Job) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ENDED_SQL, [job.pk, list(PARKED_WELL), REVIEWED])
        ended = cursor.fetchall()
    marks: list[_Mark] = []
    for item, result, status, group, message in ended:
        state = _outcome(status)
        marks.append((item, state, result, (message or "") if state == JobItem.State.FAILED else ""))
        if state == JobItem.State.FAILED and job.state == Job.State.RUNNING:
            _stop_if_due(job, result, group)
    _mark(job, marks, was_started=True)


def _outcome(status: str | None) -> JobItem.State:
    """`status` None: retention has dropped it."""
    if status is None:
        return JobItem.State.SKIPPED
    return JobItem.State.DONE if status in ("succeeded", "waiting") else JobItem.State.FAILED


def _stop_if_due(job: Job, execution_id: uuid.UUID, group: uuid.UUID | None) -> None:
    if group is not None and group not in job.known_groups:
        _stop(
            job,
            "new_error_group",
            "An execution failed in a way that is new to this job.",
            execution_id,
            group,
        )
    elif job.stage < len(job.canary):
        _stop(job, "canary_failed", "One of the first executions failed again.", execution_id, group)


def _stop(job: Job, code: str, detail: str, execution_id: uuid.UUID, group: uuid.UUID | None) -> None:
    job.state = Job.State.STOPPED
    job.stop_reason = {
        "code": code,
        "detail": detail,
        "execution": str(execution_id),
        "error_group": None if group is None else str(group),
    }
    log.warning("job.stopped", job=str(job.pk), why=code, execution=str(execution_id))


# -- Starting more -----------------------------------------------------------------------------------------


def _tried(job: Job) -> int:
    """What was skipped has tried nothing out."""
    return job.started + job.done + job.failed


def _pending(job: Job) -> int:
    return job.total - _tried(job) - job.skipped


def _pass_stages(job: Job) -> None:
    """A canary stage is passed once everything of it has come to an end."""
    while job.stage < len(job.canary) and not job.started and _tried(job) >= sum(job.canary[: job.stage + 1]):
        job.stage += 1


def _start_more(job: Job, now: datetime) -> int:
    room = min(_stage_room(job), _rate_room(job, now), BATCH)
    if room <= 0:
        return 0
    pending = JobItem.objects.filter(job_id=job.pk, state=JobItem.State.PENDING)
    items = list(pending.order_by("pk")[:room])
    if not items:
        return 0
    marks = [_do(job, item) for item in items]
    _mark(job, marks, was_started=False)
    job.advanced_at = now
    refused = next((mark for mark in marks if mark[1] == JobItem.State.FAILED), None)
    if refused is not None and job.stage < len(job.canary):
        _stop(job, "canary_failed", refused[3], items[marks.index(refused)].execution_id, None)
    return len(items)


def _stage_room(job: Job) -> int:
    if job.stage >= len(job.canary):
        return _pending(job)
    return sum(job.canary[: job.stage + 1]) - _tried(job)


def _rate_room(job: Job, now: datetime) -> int:
    """What the rate allows since the last batch, of a second at most: time that passed idle is not made up for."""
    if job.advanced_at is None:
        return job.per_second
    passed = min((now - job.advanced_at).total_seconds(), 1.0)
    return int(job.per_second * passed)


def _do(job: Job, item: JobItem) -> _Mark:
    actor = job.actor
    by = Somebody(actor["kind"], actor["name"], _uuid(actor["id"]), _uuid(actor["user_id"]))
    try:
        with transaction.atomic():
            result = VERBS[job.verb].do(Workspace(pk=job.workspace_id), item.execution_id, job.options, by)
    except (Conflict, NotFound) as error:
        return item.pk, JobItem.State.SKIPPED, None, str(error)
    except StudioError as error:
        return item.pk, JobItem.State.FAILED, None, _said(error)
    except StoreError:
        raise
    except Exception:
        log.exception("job.deed_failed", job=str(job.pk), execution=str(item.execution_id))
        return item.pk, JobItem.State.FAILED, None, "An unexpected error on our side."
    return item.pk, JobItem.State.DONE if result is None else JobItem.State.STARTED, result, ""


def _said(error: StudioError) -> str:
    """The problems of a refusal say more than its message."""
    problems = getattr(error, "problems", ())
    return "; ".join(problem.detail for problem in problems) or str(error)


def _uuid(text: str | None) -> uuid.UUID | None:
    return None if text is None else uuid.UUID(text)


def _mark(job: Job, marks: Sequence[_Mark], *, was_started: bool) -> None:
    if not marks:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK_SQL,
            [
                [item for item, *_ in marks],
                [str(state) for _, state, *_ in marks],
                [result for _, _, result, _ in marks],
                [detail[:DETAIL_CHARACTERS] for *_, detail in marks],
            ],
        )
    for state, count in Counter(state for _, state, *_ in marks).items():
        setattr(job, state, getattr(job, state) + count)
    if was_started:
        job.started -= len(marks)


def _finish_if_over(job: Job) -> None:
    if not job.started and not _pending(job):
        job.state = Job.State.FINISHED
