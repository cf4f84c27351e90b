"""`/error-groups` and `/dead-letters`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from studio.accounts.models import Workspace
from studio.kernel.clock import utcnow
from studio.security.models import AuditEntry
from tests.studio.accounts.people import Person
from tests.workflows.definitions import definition, node
from tests.workflows.failures import dead, failed, group_of
from tests.workflows.rows import missing, step
from workflows.models import DeadLetter, ErrorGroup, Execution, Job, JobItem, Workflow
from workflows.services.grouping import group_failures

pytestmark = pytest.mark.django_db


def _group(workspace: Workspace, message: str = "order 7 not found", **more: Any) -> ErrorGroup:
    return group_of(failed(workspace, message, **more))


def _actions(target: Any) -> list[str]:
    return list(
        AuditEntry.objects.filter(target_id=str(target)).order_by("pk").values_list("action", flat=True)
    )


def test_a_group_says_what_it_is_and_why(victor: Person) -> None:
    workflow = Workflow.objects.create(workspace=victor.workspace, name="Greet", slug="greet")
    row = failed(victor.workspace, "order 7 of 'Ada' not found", workflow=workflow)
    group = group_of(row)

    shown = victor.get(f"/error-groups/{group.pk}").json()

    assert shown["why"] == {
        "algorithm": 1,
        "same": {
            "kind": "data.set",
            "category": "bug",
            "code": "broken",
            "template": "order <number> of <text> not found",
        },
        "left_out": ["number", "text"],
    }
    assert [(one["name"], one["count"]) for one in shown["workflows"]] == [("Greet", 1)]
    assert [one["id"] for one in shown["samples"]] == [str(row.pk)]
    assert (shown["state"], shown["count"], shown["to_retry"], shown["job"]) == ("new", 1, 1, None)
    assert shown["first_seen_at"] == "2026-03-01T12:00:00.000000Z"


def test_groups_are_listed_in_pages_newest_first(victor: Person) -> None:
    groups = [_group(victor.workspace, text) for text in ("one", "two", "three")]

    first = victor.get("/error-groups?limit=2").json()
    rest = victor.get(f"/error-groups?limit=2&cursor={first['next']}").json()

    listed = [one["id"] for one in first["results"] + rest["results"]]
    assert listed == [str(group.pk) for group in reversed(groups)]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=new", 1),
        ("state=resolved", 1),
        ("kind=data.set", 2),
        ("kind=http.request", 0),
        ("q=stock", 1),
        ("q=broken", 2),
        ("q=%25", 0),
        ("workflow={workflow}", 1),
    ],
)
def test_lists_of_groups_are_narrowed(victor: Person, query: str, found: int) -> None:
    workflow = Workflow.objects.create(workspace=victor.workspace, name="Greet", slug="greet")
    _group(victor.workspace, workflow=workflow)
    gone = _group(victor.workspace, "no stock")
    ErrorGroup.objects.filter(pk=gone.pk).update(state="resolved", resolved_at=utcnow())

    assert len(victor.get(f"/error-groups?{query.format(workflow=workflow.pk)}").json()["results"]) == found


@pytest.mark.parametrize("query", ["state=odd", "workflow=1", "colour=red", "limit=0"])
def test_a_query_that_means_nothing_is_refused(victor: Person, query: str) -> None:
    assert victor.get(f"/error-groups?{query}").status_code == 400


def test_executions_are_found_by_their_group(victor: Person) -> None:
    row = failed(victor.workspace)
    group = group_of(row)
    _group(victor.workspace, "something else")

    listed = victor.get(f"/executions?error_group={group.pk}").json()["results"]

    assert [one["id"] for one in listed] == [str(row.pk)]


def test_another_workspaces_group_is_not_there(charlie: Person, acme: Workspace) -> None:
    group = _group(acme)

    assert charlie.get("/error-groups").json()["results"] == []
    for path in ("", "/resolve", "/ignore", "/reopen", "/retry"):
        method = "POST" if path else "GET"
        assert charlie.send(method, f"/error-groups/{group.pk}{path}").status_code == 404
    group.refresh_from_db()
    assert group.state == "new"


def test_a_group_is_resolved_and_taken_back(carol: Person) -> None:
    group = _group(carol.workspace)

    resolved = carol.post(f"/error-groups/{group.pk}/resolve").json()
    assert (resolved["state"], resolved["resolved_by"]) == ("resolved", "carol's key")
    assert resolved["resolved_at"] is not None
    assert carol.post(f"/error-groups/{group.pk}/resolve").status_code == 409

    reopened = carol.post(f"/error-groups/{group.pk}/reopen").json()
    assert (reopened["state"], reopened["resolved_at"], reopened["resolved_by"]) == ("ongoing", None, "")
    assert carol.post(f"/error-groups/{group.pk}/reopen").status_code == 409
    assert _actions(group.pk) == ["error_group.resolved", "error_group.reopened"]


def test_a_group_is_ignored_for_good_until_a_time_or_a_count(carol: Person) -> None:
    group = _group(carol.workspace)
    until = (utcnow() + timedelta(days=1)).isoformat()

    assert carol.post(f"/error-groups/{group.pk}/ignore").json()["state"] == "ignored"
    shown = carol.post(f"/error-groups/{group.pk}/ignore", {"until": until, "count": 5}).json()

    assert (shown["ignored_until_count"], shown["state"]) == (6, "ignored")
    assert shown["ignored_until"][:19] == until[:19]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, "/until"),
        ({"count": 0}, "/count"),
        ({"for_ever": True}, "/for_ever"),
        ([], ""),
    ],
)
def test_what_cannot_be_ignored_changes_nothing(carol: Person, body: Any, pointer: str) -> None:
    group = _group(carol.workspace)

    answer = carol.post(f"/error-groups/{group.pk}/ignore", body)

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    group.refresh_from_db()
    assert group.state == "new"


@pytest.mark.parametrize("deed", ["resolve", "ignore", "reopen", "retry"])
def test_a_viewer_settles_nothing(victor: Person, deed: str) -> None:
    group = _group(victor.workspace)

    assert victor.post(f"/error-groups/{group.pk}/{deed}").status_code == 403
    group.refresh_from_db()
    assert (group.state, Job.objects.count()) == ("new", 0)


# -- Fix and continue --------------------------------------------------------------------------------------


def test_a_group_is_retried_as_a_job(carol: Person) -> None:
    rows = [failed(carol.workspace, f"order {n} not found") for n in range(3)]
    group = group_of(rows[0])

    answer = carol.post(f"/error-groups/{group.pk}/retry", {"version": "published"})

    job = answer.json()
    assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/jobs/{job['id']}")
    assert (job["verb"], job["state"], job["total"], job["pending"]) == ("retry", "running", 3, 3)
    assert (job["canary"], job["options"]) == ([1, 10], {"version": "published"})
    assert job["error_group"] == str(group.pk)
    assert carol.get(f"/error-groups/{group.pk}").json()["job"]["id"] == job["id"]
    assert _actions(group.pk) == ["error_group.retried"]


def test_a_retry_that_is_only_tried_out_changes_nothing(carol: Person) -> None:
    row = failed(carol.workspace)
    group = group_of(row)

    answer = carol.post(f"/error-groups/{group.pk}/retry", {"dry_run": True})

    assert (answer.status_code, answer.json()) == (
        200,
        {"verb": "retry", "total": 1, "sample": [str(row.pk)]},
    )
    assert not Job.objects.exists()


def test_one_job_at_a_time_is_at_work_on_a_group(carol: Person) -> None:
    group = _group(carol.workspace)
    carol.post(f"/error-groups/{group.pk}/retry")

    answer = carol.post(f"/error-groups/{group.pk}/retry")

    assert (answer.status_code, answer.json()["code"]) == (409, "job_running")


def test_what_somebody_has_gone_on_from_is_not_retried(carol: Person) -> None:
    first, second = failed(carol.workspace), failed(carol.workspace)
    group = group_of(first)
    again = failed(carol.workspace, resumed_from=first.pk)
    group_failures()

    job = carol.post(f"/error-groups/{group.pk}/retry").json()

    items = JobItem.objects.filter(job_id=job["id"]).values_list("execution_id", flat=True)
    assert set(items) == {second.pk, again.pk}


def test_a_number_needs_a_workflow_where_several_are_hit(carol: Person) -> None:
    workflows = [
        Workflow.objects.create(workspace=carol.workspace, name=name, slug=name) for name in ("a", "b")
    ]
    rows = [failed(carol.workspace, workflow=workflow) for workflow in workflows]
    group = group_of(rows[0])

    refused = carol.post(f"/error-groups/{group.pk}/retry", {"version": 2})
    assert refused.json()["errors"][0]["pointer"] == "/workflow"
    job = carol.post(f"/error-groups/{group.pk}/retry", {"version": 2, "workflow": str(workflows[1].pk)})

    assert job.json()["total"] == 1


@pytest.mark.parametrize(
    "body", [{"version": "old"}, {"canary": [0]}, {"canary": [1] * 11}, {"per_second": 0}, {"dry_run": 1}]
)
def test_a_retry_that_means_nothing_is_refused(carol: Person, body: Any) -> None:
    group = _group(carol.workspace)

    assert carol.post(f"/error-groups/{group.pk}/retry", body).status_code == 422
    assert not Job.objects.exists()


def test_a_key_for_bulk_deeds_alone_resumes_nothing(alice: Person) -> None:
    group = _group(alice.workspace)
    alice.token = alice.post(
        "/api-keys", {"name": "n", "scopes": ["execution.bulk"], "role": "operator"}
    ).json()["key"]

    assert alice.post(f"/error-groups/{group.pk}/retry").status_code == 403
    assert not Job.objects.exists()


def test_the_same_request_with_its_key_starts_one_job(carol: Person) -> None:
    group = _group(carol.workspace)
    asked = {"headers": {"Idempotency-Key": "once"}}
    first = carol.post(f"/error-groups/{group.pk}/retry", {}, **asked)
    again = carol.post(f"/error-groups/{group.pk}/retry", {}, **asked)

    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert Job.objects.count() == 1


# -- Dead letters ------------------------------------------------------------------------------------------


@pytest.fixture
def letter(acme: Workspace) -> DeadLetter:
    row = dead(acme, given={"name": "Ada"})
    step(row, "start", "trigger.manual", 1, output={"name": "Ada"})
    group_failures()
    return DeadLetter.objects.get(pk=row.pk)


def test_dead_letters_are_listed_and_narrowed(victor: Person, letter: DeadLetter) -> None:
    shown = victor.get("/dead-letters?state=open").json()["results"]

    assert [(one["id"], one["code"], one["losses"]) for one in shown] == [
        (str(letter.pk), "lost_too_often", 4)
    ]
    assert victor.get(f"/dead-letters/{letter.pk}").json()["reason"] == "Lost."
    assert victor.get("/dead-letters?state=retried").json()["results"] == []


def test_a_retried_dead_letter_goes_on_as_a_new_execution(carol: Person, letter: DeadLetter) -> None:
    answer = carol.post(f"/dead-letters/{letter.pk}/retry")

    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["settled_by"]) == (202, "retried", "carol's key")
    new = Execution.objects.get(pk=shown["retried_as"])
    assert (new.resumed_from, new.losses, new.status) == (letter.pk, 0, "queued")
    assert carol.post(f"/dead-letters/{letter.pk}/retry").status_code == 409
    assert carol.post(f"/dead-letters/{letter.pk}/discard").status_code == 409
    assert _actions(letter.pk) == ["dead_letter.retried"]


def test_whoever_goes_on_from_a_dead_letter_settles_it(carol: Person, letter: DeadLetter) -> None:
    new = carol.post(f"/executions/{letter.pk}/resume").json()

    shown = carol.get(f"/dead-letters/{letter.pk}").json()
    assert (shown["state"], shown["retried_as"]) == ("retried", new["id"])
    assert carol.post(f"/dead-letters/{letter.pk}/retry").status_code == 409


def test_a_discarded_dead_letter_stays_what_it_was(carol: Person, letter: DeadLetter) -> None:
    assert carol.post(f"/dead-letters/{letter.pk}/discard").json()["state"] == "discarded"

    assert carol.post(f"/dead-letters/{letter.pk}/retry").status_code == 409
    assert Execution.objects.get(pk=letter.pk).status == "failed"
    assert not Execution.objects.exclude(resumed_from=None).exists()


def test_a_dead_letter_that_cannot_go_on_stays_open(carol: Person, letter: DeadLetter) -> None:
    answer = carol.post(f"/dead-letters/{letter.pk}/retry", {"version": 7})

    assert answer.status_code == 422
    letter.refresh_from_db()
    assert letter.state == "open"


def test_another_workspaces_dead_letter_is_not_there(charlie: Person, letter: DeadLetter) -> None:
    assert charlie.get("/dead-letters").json()["results"] == []
    for deed in ("retry", "discard"):
        assert charlie.post(f"/dead-letters/{letter.pk}/{deed}").status_code == 404


def test_what_is_unknown_is_not_there(alice: Person) -> None:
    for path in ("error-groups", "dead-letters", "jobs"):
        assert alice.get(f"/{path}/{missing()}").status_code == 404


def test_an_unreadable_definition_makes_no_retry(carol: Person) -> None:
    row = dead(carol.workspace, definition=definition(node("x", "gone.kind")))
    group_failures()

    answer = carol.post(f"/dead-letters/{row.pk}/retry")

    assert (answer.status_code, answer.json()["code"]) == (409, "kind_missing")
