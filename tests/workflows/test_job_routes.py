"""`/executions/bulk` and `/jobs`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.studio.accounts.people import Person
from tests.workflows.definitions import GREET
from tests.workflows.failures import failed
from tests.workflows.rows import execution
from workflows.models import Execution, Job, JobItem
from workflows.services.job_progress import advance_jobs

pytestmark = pytest.mark.django_db


def _waiting(person: Person, count: int) -> list[Execution]:
    rows = [execution(person.workspace, GREET, status="waiting") for _ in range(count)]
    return sorted(rows, key=lambda row: row.pk)


def test_a_deed_to_all_that_match_is_a_job(carol: Person) -> None:
    rows = _waiting(carol, 3)
    failed(carol.workspace)

    answer = carol.post("/executions/bulk", {"verb": "cancel", "filter": {"status": "waiting"}})
    advance_jobs()

    job = carol.get(f"/jobs/{answer.json()['id']}").json()
    assert answer.status_code == 202
    assert (job["state"], job["total"], job["done"], job["pending"]) == ("finished", 3, 3, 0)
    assert (job["asked"], job["created_by"]) == ({"filter": {"status": "waiting"}}, "carol's key")
    items = carol.get(f"/jobs/{job['id']}/items?limit=2").json()
    more = carol.get(f"/jobs/{job['id']}/items?limit=2&cursor={items['next']}").json()
    assert [one["execution"] for one in items["results"] + more["results"]] == [str(row.pk) for row in rows]
    assert {one["state"] for one in items["results"]} == {"done"}


def test_a_deed_to_named_executions_leaves_out_those_of_others(carol: Person, charlie: Person) -> None:
    mine, other = _waiting(carol, 1)[0], _waiting(charlie, 1)[0]

    answer = carol.post("/executions/bulk", {"verb": "cancel", "ids": [str(mine.pk), str(other.pk)]})

    items = JobItem.objects.filter(job_id=answer.json()["id"]).values_list("execution_id", flat=True)
    assert list(items) == [mine.pk]


def test_looking_ahead_says_how_many_and_changes_nothing(carol: Person) -> None:
    rows = _waiting(carol, 2)

    answer = carol.post(
        "/executions/bulk", {"verb": "cancel", "filter": {"status": "waiting"}, "dry_run": True}
    )

    assert (answer.status_code, answer.json()) == (
        200,
        {"verb": "cancel", "total": 2, "sample": [str(row.pk) for row in rows]},
    )
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"verb": "cancel"}, ""),
        ({"verb": "cancel", "ids": [], "filter": {}}, "/ids"),
        ({"verb": "cancel", "filter": {}}, "/filter"),
        ({"verb": "cancel", "filter": {"colour": "red"}}, "/filter/colour"),
        ({"verb": "cancel", "filter": {"status": "odd"}}, "/filter/status"),
        ({"verb": "explode", "filter": {"status": "waiting"}}, "/verb"),
        ({"verb": "cancel", "filter": {"status": "waiting"}, "version": "draft"}, "/version"),
        ({"verb": "retry", "filter": {"status": "failed"}, "canary": [0]}, "/canary/0"),
        ({"verb": "retry", "filter": {"status": "failed"}, "per_second": 10_000}, "/per_second"),
    ],
)
def test_a_deed_that_means_nothing_is_refused(carol: Person, body: Any, pointer: str) -> None:
    _waiting(carol, 1)

    answer = carol.post("/executions/bulk", body)

    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert not Job.objects.exists()


def test_nothing_to_do_is_said(carol: Person) -> None:
    answer = carol.post("/executions/bulk", {"verb": "cancel", "filter": {"status": "waiting"}})

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_do")
    assert not Job.objects.exists()


def test_a_key_must_be_allowed_the_verb_as_well(alice: Person) -> None:
    _waiting(alice, 1)
    asked = {"name": "n", "scopes": ["execution.bulk", "execution.resume"], "role": "operator"}
    alice.token = alice.post("/api-keys", asked).json()["key"]

    assert (
        alice.post("/executions/bulk", {"verb": "cancel", "filter": {"status": "waiting"}}).status_code == 403
    )
    assert not Job.objects.exists()


def test_a_job_is_paused_continued_and_aborted(carol: Person) -> None:
    _waiting(carol, 1)
    job = carol.post("/executions/bulk", {"verb": "cancel", "filter": {"status": "waiting"}}).json()

    assert carol.post(f"/jobs/{job['id']}/pause").json()["state"] == "paused"
    assert advance_jobs() == 0
    assert carol.post(f"/jobs/{job['id']}/continue").json()["state"] == "running"
    stopped = carol.post(f"/jobs/{job['id']}/abort").json()
    assert (stopped["state"], stopped["stop_reason"]["code"]) == ("stopped", "aborted")
    assert carol.post(f"/jobs/{job['id']}/continue").status_code == 409
    assert advance_jobs() == 0


def test_a_viewer_reads_jobs_and_changes_none(victor: Person, carol: Person) -> None:
    _waiting(carol, 1)
    body = {"verb": "cancel", "filter": {"status": "waiting"}}
    job = carol.post("/executions/bulk", body).json()

    assert [one["id"] for one in victor.get("/jobs?state=running").json()["results"]] == [job["id"]]
    for path in ("/executions/bulk", f"/jobs/{job['id']}/pause", f"/jobs/{job['id']}/abort"):
        assert victor.post(path, body).status_code == 403
    assert Job.objects.get().state == "running"


def test_another_workspaces_job_is_not_there(charlie: Person, carol: Person) -> None:
    _waiting(carol, 1)
    job = carol.post("/executions/bulk", {"verb": "cancel", "filter": {"status": "waiting"}}).json()

    assert charlie.get("/jobs").json()["results"] == []
    for path in ("", "/items"):
        assert charlie.get(f"/jobs/{job['id']}{path}").status_code == 404
    assert charlie.post(f"/jobs/{job['id']}/abort").status_code == 404
