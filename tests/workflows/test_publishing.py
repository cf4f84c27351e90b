"""Publishing: what triggers run, and that it never changes afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from studio.security.models import AuditEntry
from tests.studio.accounts.people import Person
from tests.workflows.definitions import GREET, INCOMPLETE, definition, node
from webhooks.models import Source
from workflows.models import Definition, Schedule, Version, Workflow

pytestmark = pytest.mark.django_db

NIGHTLY = definition(
    node("nightly", "trigger.schedule", cron="0 3 * * *"),
    node("hook", "trigger.webhook"),
    node("hello", "data.set", values={}),
    edges=[{"from": "nightly", "to": "hello"}, {"from": "hook", "to": "hello"}],
)
LOUD = {**GREET, "nodes": [GREET["nodes"][0], node("hello", "data.set", values={"text": "HELLO"})]}


@pytest.fixture
def path(bob: Person) -> str:
    return f"/workflows/{bob.post('/workflows', {'name': 'Greet', 'definition': GREET}).json()['id']}"


def draft(bob: Person, path: str, document: dict[str, Any]) -> None:
    answer = bob.patch(path, {"definition": document}, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.content


def test_publishing_makes_the_draft_a_version(bob: Person, path: str) -> None:
    answer = bob.post(f"{path}/publish", {"note": "First."})

    version = bob.get(f"{path}/versions/1").json()
    assert (answer.json()["status"], answer.json()["published_version"]) == ("published", 1)
    assert answer["ETag"] == '"2"'
    assert (version["definition"], version["note"], version["published"]) == (GREET, "First.", True)
    assert AuditEntry.objects.filter(action="workflow.published").count() == 1


def test_what_blocks_publishing_is_told_and_nothing_changes(bob: Person, path: str) -> None:
    draft(bob, path, INCOMPLETE)

    answer = bob.post(f"{path}/publish")

    pointers = [problem["pointer"] for problem in answer.json()["errors"]]
    assert answer.status_code == 422
    assert "/definition/nodes/1/params/url" in pointers
    assert not Version.objects.exists()
    assert bob.get(path).json()["status"] == "draft"


def test_publishing_needs_a_trigger(bob: Person, path: str) -> None:
    draft(bob, path, definition(node("a", "data.set", values={})))

    assert [one["code"] for one in bob.post(f"{path}/publish").json()["errors"]] == ["trigger_missing"]


def test_a_draft_that_is_published_already_makes_no_version(bob: Person, path: str) -> None:
    first = bob.post(f"{path}/publish")
    again = bob.post(f"{path}/publish")

    assert again.json() == first.json()
    assert Version.objects.count() == 1


def test_going_back_to_an_earlier_definition_shares_its_row(bob: Person, path: str) -> None:
    bob.post(f"{path}/publish")
    draft(bob, path, LOUD)
    bob.post(f"{path}/publish")
    bob.post(f"{path}/versions/1/restore")
    bob.post(f"{path}/publish")

    assert [one["number"] for one in bob.get(f"{path}/versions").json()["results"]] == [3, 2, 1]
    assert bob.get(f"{path}/versions/3").json()["definition"] == GREET
    assert Definition.objects.count() == 2


def test_the_order_of_keys_does_not_make_another_definition(bob: Person, path: str) -> None:
    bob.post(f"{path}/publish")
    draft(bob, path, dict(reversed(GREET.items())))

    assert bob.post(f"{path}/publish").json()["published_version"] == 1


def test_later_edits_leave_the_version_as_it_was(bob: Person, path: str) -> None:
    bob.post(f"{path}/publish")
    draft(bob, path, LOUD)

    assert bob.get(f"{path}/versions/1").json()["definition"] == GREET
    assert bob.get(path).json()["published_version"] == 1


@pytest.mark.parametrize("change", ["number = 7", "definition_id = uuidv7()"])
def test_the_database_refuses_to_change_a_version(bob: Person, path: str, change: str) -> None:
    from django.db import connection

    bob.post(f"{path}/publish")

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE workflows_version SET {change}")  # noqa: S608 - from above


def test_a_stale_etag_publishes_nothing(bob: Person, path: str) -> None:
    assert bob.post(f"{path}/publish", headers={"If-Match": '"9"'}).status_code == 412
    assert not Version.objects.exists()


def test_publishing_keeps_schedules_and_addresses_in_step(bob: Person, path: str) -> None:
    draft(bob, path, NIGHTLY)
    bob.post(f"{path}/publish")
    source = Source.objects.get()
    assert (Schedule.objects.get().cron, Schedule.objects.get().is_active, source.is_active) == (
        "0 3 * * *", True, True,
    )  # fmt: skip

    bob.post(f"{path}/pause")
    assert (Schedule.objects.get().is_active, Source.objects.get().is_active) == (False, False)

    bob.post(f"{path}/resume")
    assert (Schedule.objects.get().is_active, Source.objects.get().is_active) == (True, True)

    draft(bob, path, GREET)
    bob.post(f"{path}/publish")
    assert not Schedule.objects.exists()
    assert not Source.objects.get().is_active

    draft(bob, path, NIGHTLY)
    bob.post(f"{path}/publish")
    assert Source.objects.get().token == source.token


def test_a_paused_workflow_stays_paused_when_it_is_published(bob: Person, path: str) -> None:
    bob.post(f"{path}/publish")
    bob.post(f"{path}/pause")
    draft(bob, path, LOUD)

    assert bob.post(f"{path}/publish").json()["status"] == "paused"


@pytest.mark.parametrize(
    ("verbs", "status", "code"),
    [
        (["pause"], 409, "workflow_not_published"),
        (["resume"], 409, "workflow_not_paused"),
        (["publish", "resume"], 409, "workflow_not_paused"),
        (["archive", "publish"], 409, "workflow_archived"),
        (["archive", "run"], 409, "workflow_archived"),
        (["publish", "pause", "run"], 409, "workflow_paused"),
    ],
)
def test_a_verb_in_the_wrong_state_is_a_conflict(
    bob: Person, path: str, verbs: list[str], status: int, code: str
) -> None:
    *before, verb = verbs
    for one in before:
        assert bob.post(f"{path}/{one}").status_code == 200

    answer = bob.post(f"{path}/{verb}")

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_archived_workflow_comes_back_as_what_it_was(bob: Person, path: str) -> None:
    bob.post(f"{path}/publish")

    assert bob.post(f"{path}/archive").json()["status"] == "archived"
    assert bob.post(f"{path}/resume").json()["status"] == "published"


def test_a_diff_names_what_changed(bob: Person, path: str) -> None:
    bob.post(f"{path}/publish")
    changed = {
        **LOUD,
        "nodes": [*LOUD["nodes"], node("more", "data.set", values={})],
        "edges": [*GREET["edges"], {"from": "hello", "to": "more"}],
        "settings": {"timeout": 60},
    }
    draft(bob, path, changed)
    bob.post(f"{path}/publish")

    assert bob.get(f"{path}/versions/1/diff/2").json() == {
        "nodes": {
            "added": [node("more", "data.set", values={})],
            "removed": [],
            "changed": [
                {
                    "id": "hello",
                    "changes": [
                        {"pointer": "/params/values/text", "from": "Hello {{ trigger.name }}", "to": "HELLO"}
                    ],
                }
            ],
        },
        "edges": {"added": [{"from": "hello", "to": "more"}], "removed": []},
        "settings": [{"pointer": "/timeout", "from": None, "to": 60}],
    }


@pytest.mark.parametrize("tail", ["versions/2", "versions/1/diff/2", "versions/99999999999999999999"])
def test_a_version_that_is_not_there_is_404(bob: Person, path: str, tail: str) -> None:
    bob.post(f"{path}/publish")

    assert bob.get(f"{path}/{tail}").status_code == 404


def test_restoring_changes_the_draft_alone(bob: Person, path: str) -> None:
    bob.post(f"{path}/publish")
    draft(bob, path, LOUD)

    answer = bob.post(f"{path}/versions/1/restore")

    assert answer.json()["draft"]["definition"] == GREET
    assert Workflow.objects.get().published_version == 1
    assert bob.get(path)["ETag"] == answer["ETag"]
