"""Jobs: one verb over many executions, in stages, at a rate, stopped by people or by news."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from studio.accounts.access import SYSTEM
from studio.accounts.models import Workspace
from studio.kernel.errors import Conflict, NotFound
from studio.security.models import AuditEntry
from tests.workflows.definitions import GREET
from tests.workflows.failures import failed, group_of
from tests.workflows.rows import execution, missing, step
from workflows.models import Execution, Job, JobItem, MailboxItem
from workflows.services import job_progress, job_verbs
from workflows.services.grouping import group_failures
from workflows.services.job_progress import advance_job, advance_jobs
from workflows.services.jobs import JobRequest, abort_job, continue_job, look_ahead, pause_job, start_job

pytestmark = pytest.mark.django_db

FAST = 1_000


def _retriable(workspace: Workspace, count: int, message: str = "It broke.") -> list[Execution]:
    rows = []
    for _ in range(count):
        row = failed(workspace, message, given={"name": "Ada"})
        step(row, "start", "trigger.manual", 1, output={"name": "Ada"})
        step(row, "hello", "data.set", 2, status="failed", error=row.error, port=None)
        rows.append(row)
    group_failures()
    return sorted(rows, key=lambda row: row.pk)


def _start(workspace: Workspace, verb: str = "retry", **more: Any) -> Job:
    rows = more.pop("rows", Execution.objects.filter(workspace=workspace, status="failed"))
    request = JobRequest(verb=verb, rows=rows, **{"per_second": FAST, **more})
    return start_job(workspace=workspace, request=request, by=SYSTEM)


def _shown(job: Job) -> tuple[Any, ...]:
    job.refresh_from_db()
    return job.state, job.stage, job.started, job.done, job.failed, job.skipped


def _started(job: Job) -> list[Execution]:
    ids = JobItem.objects.filter(job_id=job.pk, state="started").values_list("result_id", flat=True)
    return list(Execution.objects.filter(pk__in=list(ids)).order_by("pk"))


def _ends(rows: Sequence[Execution], status: str = "succeeded", message: str | None = None) -> None:
    """What workers do."""
    for row in rows:
        row.status = status
        row.finished_at = row.created_at
        if message is not None:
            row.error = {"code": "broken", "category": "bug", "message": message, "node": "hello"}
        row.save()
    group_failures()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds follow each other at once here, and the clock of a transaction stands still."""
    monkeypatch.setattr(job_progress, "_rate_room", lambda job, now: job.per_second)


def test_a_job_is_done_to_every_execution_and_finishes(acme: Workspace) -> None:
    rows = [execution(acme, GREET, status="waiting") for _ in range(3)]
    job = _start(acme, "cancel", rows=Execution.objects.filter(workspace=acme))

    assert advance_jobs() == 3

    assert _shown(job) == ("finished", 0, 0, 3, 0, 0)
    assert {mail.execution_id for mail in MailboxItem.objects.all()} == {row.pk for row in rows}
    assert job.finished_at is not None


def test_the_set_is_fixed_when_it_is_asked_for(acme: Workspace) -> None:
    _retriable(acme, 2)
    job = _start(acme)
    _retriable(acme, 1)

    advance_jobs()

    assert (job.total, len(_started(job))) == (2, 2)


def test_one_then_ten_then_all(acme: Workspace) -> None:
    _retriable(acme, 15)
    job = _start(acme, canary=[1, 10])

    seen = []
    for _ in range(4):
        advance_jobs()
        started = _started(job)
        seen.append((len(started), job.stage))
        _ends(started)
        job.refresh_from_db()

    assert seen == [(1, 0), (10, 0), (4, 1), (0, 2)]
    assert _shown(job) == ("finished", 2, 0, 15, 0, 0)


def test_nothing_more_starts_before_a_stage_has_ended(acme: Workspace) -> None:
    _retriable(acme, 5)
    job = _start(acme, canary=[1, 3])
    advance_jobs()
    _ends(_started(job))
    advance_jobs()
    _ends(_started(job)[:2])

    assert advance_jobs() == 0
    assert _shown(job) == ("running", 1, 1, 3, 0, 0)


@pytest.mark.parametrize("message", ["It broke.", "Something else broke."])
def test_a_failed_canary_stops_the_job(acme: Workspace, message: str) -> None:
    rows = _retriable(acme, 5)
    job = _start(acme, canary=[1, 10])
    advance_jobs()
    canary = _started(job)

    _ends(canary, "failed", message)
    advance_jobs()

    assert _shown(job) == ("stopped", 0, 0, 0, 1, 0)
    is_new = group_of(canary[0]).pk != group_of(rows[0]).pk
    assert job.stop_reason["code"] == ("new_error_group" if is_new else "canary_failed")
    assert job.stop_reason["execution"] == str(canary[0].pk)


def test_the_first_new_failure_stops_the_job(acme: Workspace) -> None:
    _retriable(acme, 6)
    job = _start(acme, per_second=2)
    advance_job(job.pk)
    first, second = _started(job)

    _ends([first], "failed", "It broke.")
    advance_job(job.pk)
    assert _shown(job)[0] == "running"
    _ends([second], "failed", "Something else broke.")
    advance_job(job.pk)

    assert _shown(job) == ("stopped", 0, 2, 0, 2, 0)
    assert job.stop_reason == {
        "code": "new_error_group",
        "detail": "An execution failed in a way that is new to this job.",
        "execution": str(second.pk),
        "error_group": str(group_of(second).pk),
    }
    assert JobItem.objects.filter(job_id=job.pk, state="pending").count() == 2


def test_what_was_stopped_goes_on_once_somebody_accepts_the_failure(acme: Workspace) -> None:
    _retriable(acme, 3)
    job = _start(acme, per_second=1)
    advance_job(job.pk)
    _ends(_started(job), "failed", "Something else broke.")
    advance_job(job.pk)

    continue_job(workspace=acme, job_id=job.pk, by=SYSTEM)
    advance_job(job.pk)
    _ends(_started(job), "failed", "Something else broke.")
    advance_job(job.pk)

    assert _shown(job) == ("running", 0, 1, 0, 2, 0)


def test_a_failure_waits_for_its_group_before_it_is_judged(acme: Workspace) -> None:
    _retriable(acme, 1)
    job = _start(acme)
    advance_jobs()
    Execution.objects.filter(pk=_started(job)[0].pk).update(
        status="failed", error={"message": "x"}, finished_at=Now()
    )

    advance_jobs()
    assert _shown(job)[:3] == ("running", 0, 1)
    group_failures()
    advance_jobs()
    assert _shown(job)[0] == "stopped"


def test_an_execution_that_waits_for_a_person_has_gone_well(acme: Workspace) -> None:
    _retriable(acme, 2)
    job = _start(acme, canary=[1])
    advance_jobs()
    row = _started(job)[0]
    row.status, row.reason = "waiting", {"code": "awaits_retry"}
    row.save()
    advance_jobs()
    assert _shown(job)[:3] == ("running", 0, 1)

    row.reason = {"code": "awaits_signal"}
    row.save()
    advance_jobs()

    assert _shown(job) == ("running", 1, 1, 1, 0, 0)


def test_what_is_in_the_wrong_state_is_skipped_and_tries_nothing_out(acme: Workspace) -> None:
    rows = _retriable(acme, 3)
    job = _start(acme, canary=[1])
    Execution.objects.filter(pk=rows[0].pk).update(status="running")

    advance_jobs()

    assert _shown(job) == ("running", 0, 1, 0, 0, 1)
    skipped = JobItem.objects.get(job_id=job.pk, state="skipped")
    assert skipped.execution_id == rows[0].pk
    assert "is running" in skipped.detail


def test_what_somebody_has_gone_on_from_is_not_retried_twice(acme: Workspace) -> None:
    _retriable(acme, 2)
    first, second = _start(acme), _start(acme)

    advance_jobs()

    assert {_shown(first)[2:], _shown(second)[2:]} == {(2, 0, 0, 0), (0, 0, 0, 2)}


def test_a_canary_that_cannot_go_on_stops_the_job(acme: Workspace) -> None:
    rows = _retriable(acme, 3)
    job = _start(acme, canary=[1], options={"version": 7})

    advance_jobs()

    assert _shown(job) == ("stopped", 0, 0, 0, 1, 0)
    assert job.stop_reason["execution"] == str(rows[0].pk)


def test_a_defect_in_one_deed_fails_that_item_alone(acme: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _retriable(acme, 3)
    good = job_verbs.VERBS["retry"]

    def bad_once(workspace: Workspace, execution_id: Any, *rest: Any) -> Any:
        if execution_id == rows[1].pk:
            raise ZeroDivisionError
        return good.do(workspace, execution_id, *rest)

    monkeypatch.setitem(job_verbs.VERBS, "retry", job_verbs.JobVerb(good.permission, bad_once))
    job = _start(acme)
    advance_jobs()

    assert _shown(job) == ("running", 0, 2, 0, 1, 0)


# -- People ------------------------------------------------------------------------------------------------


def test_a_paused_job_starts_nothing_until_it_is_continued(acme: Workspace) -> None:
    _retriable(acme, 2)
    job = _start(acme)
    pause_job(workspace=acme, job_id=job.pk, by=SYSTEM)
    assert advance_jobs() == 0

    continue_job(workspace=acme, job_id=job.pk, by=SYSTEM)
    assert advance_jobs() == 2


def test_an_aborted_job_is_over_for_good(acme: Workspace) -> None:
    _retriable(acme, 2)
    job = _start(acme)
    abort_job(workspace=acme, job_id=job.pk, by=SYSTEM)

    assert advance_jobs() == 0
    assert _shown(job)[0] == "stopped"
    assert job.stop_reason == {"code": "aborted", "by": "Studio"}
    for verb in (continue_job, pause_job, abort_job):
        with pytest.raises(Conflict):
            verb(workspace=acme, job_id=job.pk, by=SYSTEM)


@pytest.mark.parametrize("verb", [pause_job, continue_job, abort_job])
def test_another_workspaces_job_is_not_there(
    acme: Workspace, globex: Workspace, verb: Callable[..., Job]
) -> None:
    _retriable(acme, 1)
    job = _start(acme)

    with pytest.raises(NotFound):
        verb(workspace=globex, job_id=job.pk, by=SYSTEM)
    assert _shown(job)[0] == "running"


def test_every_word_to_a_job_is_in_the_audit_trail(acme: Workspace) -> None:
    _retriable(acme, 1)
    job = _start(acme)
    for verb in (pause_job, continue_job, abort_job):
        verb(workspace=acme, job_id=job.pk, by=SYSTEM)

    entries = AuditEntry.objects.filter(target_id=str(job.pk)).order_by("pk")
    assert [entry.action for entry in entries] == [
        "job.started",
        "job.paused",
        "job.continued",
        "job.aborted",
    ]


def test_a_job_needs_something_to_do(acme: Workspace) -> None:
    with pytest.raises(Conflict):
        _start(acme)


def test_looking_ahead_changes_nothing(acme: Workspace) -> None:
    rows = _retriable(acme, 3)
    found = look_ahead(JobRequest(verb="retry", rows=Execution.objects.filter(workspace=acme)))

    assert (found["total"], found["sample"]) == (3, [row.pk for row in rows])
    assert not Job.objects.exists()


# -- Rate, races and death -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "room"), [(None, 20), (0.0, 0), (0.04, 0), (0.05, 1), (0.5, 10), (1.0, 20), (3_600.0, 20)]
)
def test_the_rate_bounds_what_is_started(
    acme: Workspace, monkeypatch: pytest.MonkeyPatch, seconds: float | None, room: int
) -> None:
    monkeypatch.undo()
    _retriable(acme, 1)
    job = _start(acme, per_second=20)
    now = job.created_at
    job.advanced_at = None if seconds is None else now - timedelta(seconds=seconds)

    assert job_progress._rate_room(job, now) == room


def test_a_batch_that_was_cut_off_has_done_nothing(acme: Workspace) -> None:
    _retriable(acme, 3)
    job = _start(acme)
    with transaction.atomic():
        advance_job(job.pk)
        transaction.set_rollback(True)
    assert _shown(job) == ("running", 0, 0, 0, 0, 0)
    assert not Execution.objects.exclude(resumed_from=None).exists()

    advance_jobs()

    assert _shown(job) == ("running", 0, 3, 0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_processes_that_advance_at_once_do_everything_once(acme: Workspace) -> None:
    rows = _retriable(acme, 40)
    job = _start(acme, per_second=3)

    def work() -> None:
        while JobItem.objects.filter(job_id=job.pk, state="pending").exists():
            advance_job(job.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert _shown(job) == ("running", 0, 40, 0, 0, 0)
    gone_on = Execution.objects.exclude(resumed_from=None).values_list("resumed_from", flat=True)
    assert sorted(gone_on) == sorted(row.pk for row in rows)


def test_an_unknown_job_advances_nothing(acme: Workspace) -> None:
    assert advance_job(missing()) == 0
