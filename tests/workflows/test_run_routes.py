"""`POST …/run` as Django answers it: the same rules as the ingress."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from studio.kernel import codec
from tests.studio.accounts.people import Person
from tests.workflows.definitions import GREET, INCOMPLETE, definition, node
from workflows.models import Execution, Payload

pytestmark = pytest.mark.django_db

LOUD = {**GREET, "nodes": [GREET["nodes"][0], node("hello", "data.set", values={"text": "HELLO"})]}
TWO_TRIGGERS = definition(node("a", "trigger.webhook"), node("b", "trigger.webhook"))


@pytest.fixture
def path(bob: Person) -> str:
    return f"/workflows/{bob.post('/workflows', {'name': 'Greet', 'definition': GREET}).json()['id']}"


def started(answer: Any) -> Execution:
    assert answer.status_code == 202, answer.content
    return Execution.objects.get(pk=answer.json()["id"])


def test_an_unsaved_definition_is_accepted_and_kept(bob: Person) -> None:
    answer = bob.post("/run", {"definition": GREET, "input": {"name": "Ada"}, "tags": ["x"], "priority": 3})

    row = started(answer)
    assert answer.json() == {"id": str(row.pk), "status": "queued", "url": f"/api/v1/executions/{row.pk}"}
    assert answer["Location"] == f"/api/v1/executions/{row.pk}"
    assert (row.status, row.workflow_id, row.tags, row.priority) == ("queued", None, ["x"], 3)
    assert codec.decode(Payload.objects.get(pk=row.pk).input) == {"name": "Ada"}
    assert bob.get(f"/executions/{row.pk}/definition").json() == GREET


def test_a_workflow_runs_its_draft_until_something_is_published(bob: Person, path: str) -> None:
    draft = started(bob.post(f"{path}/run"))
    bob.post(f"{path}/publish")
    bob.patch(path, {"definition": LOUD}, headers={"If-Match": "*"})

    published = started(bob.post(f"{path}/run"))
    asked_draft = started(bob.post(f"{path}/run", {"version": "draft"}))
    numbered = started(bob.post(f"{path}/run", {"version": 1}))

    assert [row.version for row in (draft, published, asked_draft, numbered)] == [None, 1, None, 1]
    assert draft.definition_id == published.definition_id == numbered.definition_id
    assert bob.get(f"/executions/{asked_draft.pk}/definition").json() == LOUD


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"definition": INCOMPLETE}, 422, "/definition/nodes/1/params/url"),
        ({"definition": definition(node("a", "no.kind"))}, 422, "/definition/nodes/0/kind"),
        ({"definition": "x"}, 422, "/definition"),
        ({}, 422, "/definition"),
        ({"definition": GREET, "trigger": "nobody"}, 422, "/trigger"),
        ({"definition": TWO_TRIGGERS}, 422, "/trigger"),
        ({"definition": GREET, "priority": 10}, 422, "/priority"),
        ({"definition": GREET, "version": 1}, 422, "/version"),
        ([], 422, ""),
    ],
)
def test_what_cannot_run_is_refused_with_its_place(bob: Person, body: Any, status: int, pointer: str) -> None:
    answer = bob.post("/run", body)

    assert answer.status_code == status
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert not Execution.objects.exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": "published"}, 409),
        ({"version": 7}, 422),
        ({"version": True}, 422),
        ({"version": "old"}, 422),
    ],
)
def test_a_version_that_is_not_there_starts_nothing(
    bob: Person, path: str, body: dict[str, Any], status: int
) -> None:
    assert bob.post(f"{path}/run", body).status_code == status
    assert not Execution.objects.exists()


def test_the_same_idempotency_key_starts_one_execution(bob: Person, path: str) -> None:
    headers = {"Idempotency-Key": "k"}

    first = bob.post(f"{path}/run", {"input": 1}, headers=headers)
    again = bob.post(f"{path}/run", {"input": 1}, headers=headers)
    other = bob.post(f"{path}/run", {"input": 2}, headers=headers)

    assert again.json()["id"] == first.json()["id"]
    assert again["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Execution.objects.count() == 1


@pytest.mark.parametrize("query", ["wait=61", "wait=-1", "wait=nan", "wait=x", "queue=1"])
def test_an_odd_parameter_is_400(bob: Person, query: str) -> None:
    assert bob.post(f"/run?{query}", {"definition": GREET}).status_code == 400
    assert not Execution.objects.exists()


def test_waiting_in_vain_answers_202_and_goes_to_the_fast_queue(bob: Person) -> None:
    assert started(bob.post("/run?wait=0.2", {"definition": GREET})).queue == "high_priority"


@pytest.mark.django_db(transaction=True)
def test_waiting_answers_200_with_the_end(bob: Person) -> None:
    from django.db import connection

    def finish() -> None:
        try:
            for _ in range(100):
                if Execution.objects.update(status="succeeded", finished_at="2026-03-01T12:00:00Z"):
                    return
                threading.Event().wait(0.05)
        finally:
            connection.close()

    worker = threading.Thread(target=finish)
    worker.start()
    answer = bob.post("/run?wait=10", {"definition": GREET, "input": 7})
    worker.join()

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["input"]) == ("succeeded", 7)
