"""`POST …/run` at the front door."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest

from studio.accounts.models import ApiKey, Workspace
from studio.common.models import IdempotencyKey
from studio.kernel import codec
from tests.studio.accounts.people import Person
from tests.studio.ingress.servers import Reply, Server
from workflows.engine.plan import Concurrency
from workflows.models import Definition, Execution, Payload, Workflow
from workflows.runtime.admission import slot_for
from workflows.services.versions import publish_workflow
from workflows.services.workflows import create_workflow, pause_workflow, update_workflow

pytestmark = pytest.mark.django_db(transaction=True)

DEFINITION = {
    "schema": "studio/1",
    "nodes": [
        {"id": "start", "kind": "trigger.manual"},
        {"id": "name", "kind": "data.set", "params": {"values": {"hello": "{{ trigger.name }}"}}},
    ],
    "edges": [{"from": "start", "to": "name"}],
}


def run(server: Server, person: Person, body: Any, path: str = "/run", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.send("POST", f"/api/v1{path}", body, {"Authorization": f"Bearer {person.token}", **named})


@pytest.fixture
def workflow(acme: Workspace, alice: Person) -> Workflow:
    made = create_workflow(workspace=acme, by=access(alice), name="Greet", definition=DEFINITION)
    publish_workflow(workspace=acme, workflow_id=made.pk, by=access(alice))
    made.refresh_from_db()
    return made


def access(person: Person) -> Any:
    from studio.accounts.api.authentication import access_of_user

    return access_of_user(person.user, person.workspace.slug)


def pointers(reply: Reply) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in reply.document["errors"]]


def test_an_unsaved_definition_is_accepted_once_it_is_stored(ingress: Server, bob: Person) -> None:
    reply = run(ingress, bob, {"definition": DEFINITION, "input": {"name": "Ada"}})

    assert reply.status == 202
    identifier = UUID(reply.document["id"])
    assert reply.document == {
        "id": str(identifier), "status": "queued", "url": f"/api/v1/executions/{identifier}",
    }  # fmt: skip
    row = Execution.objects.get(pk=identifier)
    assert (row.status, row.queue, row.trigger_node, row.trigger_kind, row.workspace_id) == (
        "queued", "default", "start", "trigger.manual", bob.workspace.pk,
    )  # fmt: skip
    assert codec.decode(Payload.objects.get(pk=identifier).input) == {"name": "Ada"}
    assert codec.decode(Definition.objects.get(pk=row.definition_id).body) == DEFINITION


def test_a_saved_workflow_runs_as_published_and_as_draft(
    ingress: Server, carol: Person, alice: Person, workflow: Workflow
) -> None:
    changed = {**DEFINITION, "notes": "changed"}
    update_workflow(
        workspace=carol.workspace, workflow_id=workflow.pk, revision=None, changes={"definition": changed},
        by=access(alice),
    )  # fmt: skip

    published = run(ingress, carol, {}, f"/workflows/{workflow.pk}/run")
    draft = run(ingress, carol, {"version": "draft"}, f"/workflows/{workflow.pk}/run")
    numbered = run(ingress, carol, {"version": 1}, f"/workflows/{workflow.pk}/run")

    rows = [Execution.objects.get(pk=reply.document["id"]) for reply in (published, draft, numbered)]
    assert [row.version for row in rows] == [1, None, 1]
    notes = [codec.decode(Definition.objects.get(pk=row.definition_id).body).get("notes") for row in rows]
    assert notes == [None, "changed", None]


def test_a_new_version_is_run_within_a_second_of_its_publication(
    ingress: Server, carol: Person, alice: Person, workflow: Workflow
) -> None:
    run(ingress, carol, {}, f"/workflows/{workflow.pk}/run")
    update_workflow(
        workspace=carol.workspace, workflow_id=workflow.pk, revision=None,
        changes={"definition": {**DEFINITION, "notes": "new"}}, by=access(alice),
    )  # fmt: skip
    publish_workflow(workspace=carol.workspace, workflow_id=workflow.pk, by=access(alice))
    threading.Event().wait(1.05)

    reply = run(ingress, carol, {}, f"/workflows/{workflow.pk}/run")

    assert Execution.objects.get(pk=reply.document["id"]).version == 2


@pytest.mark.parametrize(
    ("sender", "path", "status"),
    [("victor", "/run", 403), ("carol", "/run", 403), ("victor", "saved", 403), ("charlie", "saved", 404)],
)
def test_nobody_runs_what_they_may_not(
    ingress: Server, workflow: Workflow, request: pytest.FixtureRequest, sender: str, path: str, status: int
) -> None:
    person = request.getfixturevalue(sender)
    saved = path == "saved"

    reply = run(
        ingress, person, {} if saved else {"definition": DEFINITION},
        f"/workflows/{workflow.pk}/run" if saved else "/run",
    )  # fmt: skip

    assert (reply.status, reply.document["status"]) == (status, status)
    assert not Execution.objects.exists()


def test_a_key_that_is_unknown_or_revoked_is_refused(ingress: Server, bob: Person) -> None:
    garbage = run(ingress, Person(bob.user, bob.workspace, "editor", "\xff\xfe"), {})
    ApiKey.objects.update(revoked_at="2026-01-01T00:00Z")
    revoked = run(ingress, bob, {"definition": DEFINITION})
    ApiKey.objects.update(revoked_at=None)
    wrong = run(ingress, Person(bob.user, bob.workspace, "editor", bob.token[:-1] + "-"), {})

    assert [wrong.status, garbage.status, revoked.status] == [401, 401, 401]
    assert revoked.headers["content-type"] == "application/problem+json"
    assert "www-authenticate" in revoked.headers
    assert not Execution.objects.exists()


def test_a_key_stops_working_within_seconds_of_its_revocation(ingress: Server, bob: Person) -> None:
    assert run(ingress, bob, {"definition": DEFINITION}).status == 202
    ApiKey.objects.update(revoked_at="2026-01-01T00:00Z")
    threading.Event().wait(3.1)

    assert run(ingress, bob, {"definition": DEFINITION}).status == 401


@pytest.mark.parametrize(
    ("body", "status", "found"),
    [
        (b"{", 400, []),
        (b"[]", 422, [("", "wrong_type")]),
        (b'{"definition": {}, "extra": 1}', 422, [("/extra", "unknown_key")]),
        (b'{"definition": {"nodes": [{"id": "a", "kind": "no.such"}]}}', 422, None),
        (b'{"definition": {"nodes": []}, "input": "\\u0000"}', 422, [("/input", "nul_character")]),
        (b'{"definition": {"nodes": []}, "input": "\\ud800"}', 422, [("/input", "lone_surrogate")]),
        (b'{"definition": {"nodes": []}, "input": ' + b"[" * 70 + b"]" * 70 + b"}", 422, None),
        (b'{"input": "' + b"x" * (10 << 20) + b'"}', 413, []),
    ],
    ids=["json", "list", "key", "kind", "nul", "surrogate", "deep", "large"],
)
def test_bad_input_is_a_problem_with_a_pointer_and_changes_nothing(
    ingress: Server, bob: Person, body: bytes, status: int, found: list[tuple[str, str]] | None
) -> None:
    reply = run(ingress, bob, body)

    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    if found is None:
        assert all(pointer for pointer, _ in pointers(reply))
    else:
        assert pointers(reply) == found
    assert not Execution.objects.exists()


def test_a_paused_workflow_runs_only_as_a_draft(
    ingress: Server, carol: Person, alice: Person, workflow: Workflow
) -> None:
    pause_workflow(workspace=carol.workspace, workflow_id=workflow.pk, by=access(alice))

    published = run(ingress, carol, {}, f"/workflows/{workflow.pk}/run")
    draft = run(ingress, carol, {"version": "draft"}, f"/workflows/{workflow.pk}/run")

    assert (published.status, published.document["code"]) == (409, "workflow_paused")
    assert draft.status == 202


@pytest.mark.parametrize("path", [f"/workflows/{uuid4()}/run", "/workflows/not-a-uuid/run"])
def test_a_workflow_that_is_not_there_is_not_found_or_left_to_django(
    ingress: Server, carol: Person, path: str
) -> None:
    assert run(ingress, carol, {}, path).status in (404, 503)


def test_a_repeated_key_answers_the_first_result(ingress: Server, bob: Person) -> None:
    body = {"definition": DEFINITION, "input": 1}

    first = run(ingress, bob, body, Idempotency_Key="once")
    again = run(ingress, bob, body, Idempotency_Key="once")
    other = run(ingress, bob, {"definition": DEFINITION, "input": 2}, Idempotency_Key="once")
    bad = run(ingress, bob, body, Idempotency_Key="two words")

    assert again.document == first.document
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (
        None,
        "true",
    )
    assert (other.status, other.document["code"]) == (422, "idempotency_key_reused")
    assert bad.status == 400
    assert Execution.objects.count() == 1


def test_a_hundred_copies_at_once_start_one_execution(ingress: Server, bob: Person) -> None:
    replies: list[Reply] = []
    threads = [
        threading.Thread(
            target=lambda: replies.append(run(ingress, bob, {"definition": DEFINITION}, Idempotency_Key="k"))
        )
        for _ in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {reply.document["id"] for reply in replies} == {str(Execution.objects.get().pk)}
    assert IdempotencyKey.objects.get().scope == "POST /api/v1/run"


def test_waiting_for_an_execution_that_does_not_end_in_time_answers_202(ingress: Server, bob: Person) -> None:
    reply = run(ingress, bob, {"definition": DEFINITION}, "/run?wait=0.2")

    assert reply.status == 202
    assert Execution.objects.get().queue == "high_priority"


@pytest.mark.parametrize("query", ["wait=61", "wait=-1", "wait=x", "wait=nan", "colour=red", "wait=1&wait=2"])
def test_parameters_that_mean_nothing_are_refused(ingress: Server, bob: Person, query: str) -> None:
    assert run(ingress, bob, {"definition": DEFINITION}, f"/run?{query}").status == 400
    assert not Execution.objects.exists()


def test_a_caller_without_a_key_is_left_to_django(ingress: Server, bob: Person) -> None:
    reply = ingress.send("POST", "/api/v1/run", {"definition": DEFINITION})

    assert (reply.status, reply.headers["retry-after"]) == (503, "1")


def test_whoever_will_not_queue_is_refused_while_the_workspace_is_full(ingress: Server, bob: Person) -> None:
    for _ in range(5):
        run(ingress, bob, {"definition": DEFINITION})
    Execution.objects.update(status="running", admitted=True)

    refused = run(ingress, bob, {"definition": DEFINITION}, "/run?queue=false")

    assert (refused.status, refused.document["code"], refused.headers["retry-after"]) == (
        429, "limit_reached", "1",
    )  # fmt: skip
    assert Execution.objects.count() == 5
    assert run(ingress, bob, {"definition": DEFINITION}).status == 202


def test_an_accepted_request_that_is_repeated_is_not_refused(ingress: Server, bob: Person) -> None:
    body = {"definition": {**DEFINITION, "settings": {"concurrency": {"limit": 1, "on_limit": "reject"}}}}
    first = run(ingress, bob, body, Idempotency_Key="k-1")
    row = Execution.objects.get()
    slot = slot_for(Concurrency(1), row.definition_id, {})
    Execution.objects.update(status="running", admitted=True, slot=slot.id, slot_limit=1)

    again = run(ingress, bob, body, Idempotency_Key="k-1")

    assert (again.status, again.document["id"]) == (202, first.document["id"])
    assert run(ingress, bob, body).status == 429


def test_queue_is_true_or_false(ingress: Server, bob: Person) -> None:
    assert run(ingress, bob, {"definition": DEFINITION}, "/run?queue=maybe").status == 400


def test_the_person_behind_a_key_is_kept_with_what_it_starts(
    ingress: Server, bob: Person, alice: Person
) -> None:
    ApiKey.objects.filter(workspace=bob.workspace).update(created_by=alice.user)

    run(ingress, bob, {"definition": DEFINITION})

    assert Execution.objects.get().started_by == alice.user.pk
