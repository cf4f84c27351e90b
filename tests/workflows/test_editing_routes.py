"""Trying out a draft: one node alone, up to a node, and with pinned outputs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from studio.kernel import codec
from tests.studio.accounts.people import Person
from tests.workflows.definitions import GREET, definition, node
from tests.workflows.rows import execution, step
from workflows.models import Execution, Payload, Pin, Step, Workflow

pytestmark = pytest.mark.django_db

DRAFT = definition(
    node("start", "trigger.manual"),
    node("fetch", "http.request", method="GET", url="https://shop.example/"),
    node("pick", "data.set", values={"id": "{{ nodes.fetch.body.id }}"}),
    node("tell", "http.request"),
    edges=[{"from": "start", "to": "fetch"}, {"from": "fetch", "to": "pick"}, {"from": "pick", "to": "tell"}],
)
LIST = definition(
    node("start", "trigger.manual"),
    node("each", "flow.for_each", items="{{ input }}"),
    {**node("name", "data.set", values={"n": "{{ item }}"}), "parent": "each"},
    node("check", "logic.if", condition="{{ true }}"),
    node("yes", "data.set", values={}),
    node("no", "data.set", values={}),
    node("both", "data.set", values={}),
    edges=[
        {"from": "start", "to": "each"},
        {"from": "each", "port": "item", "to": "name"},
        {"from": "each", "port": "done", "to": "check"},
        {"from": "check", "port": "true", "to": "yes"},
        {"from": "check", "port": "false", "to": "no"},
        {"from": "yes", "to": "both"},
        {"from": "no", "to": "both"},
    ],
)


def saved(person: Person, document: dict[str, Any]) -> Workflow:
    answer = person.post("/workflows", {"name": "Draft", "definition": document})
    assert answer.status_code == 201, answer.content
    return Workflow.objects.get(pk=answer.json()["id"])


@pytest.fixture
def draft(bob: Person) -> Workflow:
    """Not ready to run as a whole: `tell` has no address."""
    return saved(bob, DRAFT)


def by_hand(person: Person, path: str, body: Any) -> Any:
    """As the page sends it: with a session."""
    client = Client()
    client.force_login(person.user)
    return client.post(
        f"/api/v1{path}",
        body,
        content_type="application/json",
        headers={"Studio-Workspace": person.workspace.slug},
    )


def begun(answer: Any) -> dict[str, Any]:
    """Steps that the execution begins with: output, or the items of one that is open."""
    assert answer.status_code == 202, answer.content
    rows = Step.objects.filter(execution_id=answer.json()["id"])
    return {
        row.node: codec.decode(row.memo) if row.status == "running" else codec.decode(row.output)
        for row in rows
    }


def ids(answer: Any) -> list[str]:
    row = Execution.objects.get(pk=answer.json()["id"])
    return sorted(one["id"] for one in codec.decode(definition_body(row))["nodes"])


def definition_body(row: Execution) -> bytes:
    from workflows.models import Definition

    return bytes(Definition.objects.get(pk=row.definition_id).body)


# -- One node -----------------------------------------------------------------------------------------------


def test_a_node_runs_alone_on_the_input_that_is_given(carol: Person, draft: Workflow) -> None:
    answer = carol.post(f"/workflows/{draft.pk}/nodes/pick/run", {"input": {"body": {"id": 7}}})

    assert begun(answer) == {"start": None, "fetch": {"body": {"id": 7}}}
    assert ids(answer) == ["fetch", "pick", "start"]
    row = Execution.objects.get(pk=answer.json()["id"])
    assert (row.tags, row.workflow_id, row.version, row.queue) == (
        ["node:pick"],
        draft.pk,
        None,
        "high_priority",
    )
    assert (row.status, row.epoch) == ("queued", 1)


def test_a_pinned_output_counts_for_more_than_the_latest(carol: Person, bob: Person, draft: Workflow) -> None:
    earlier = execution(bob.workspace, DRAFT, workflow=draft, given={"q": 1}, status="failed")
    step(earlier, "start", "trigger.manual", 1, output={"q": 1})
    step(earlier, "fetch", "http.request", 2, output={"body": {"id": 1}})
    latest = carol.post(f"/workflows/{draft.pk}/nodes/pick/run")
    bob.post(f"/workflows/{draft.pk}/pins", {"node": "fetch", "output": {"body": {"id": 2}}})

    pinned = carol.post(f"/workflows/{draft.pk}/nodes/pick/run")
    unpinned = carol.post(f"/workflows/{draft.pk}/nodes/pick/run", {"use_pins": False})
    given = carol.post(f"/workflows/{draft.pk}/nodes/pick/run", {"input": 3})

    assert begun(latest) == {"start": {"q": 1}, "fetch": {"body": {"id": 1}}}
    assert begun(pinned)["fetch"] == {"body": {"id": 2}}
    assert begun(unpinned)["fetch"] == {"body": {"id": 1}}
    assert begun(given)["fetch"] == 3
    assert codec.decode(Payload.objects.get(pk=latest.json()["id"]).input) == {"q": 1}


def test_a_trigger_is_given_what_it_puts_out(carol: Person, draft: Workflow) -> None:
    answer = carol.post(f"/workflows/{draft.pk}/nodes/start/run", {"input": {"id": 7}})

    assert begun(answer) == {}
    assert codec.decode(Payload.objects.get(pk=answer.json()["id"]).input) == {"id": 7}


def test_a_node_of_a_list_runs_on_one_item(bob: Person) -> None:
    answer = bob.post(f"/workflows/{saved(bob, LIST).pk}/nodes/name/run", {"input": "Ada"})

    assert begun(answer) == {"start": None, "each": {"items": ["Ada"]}}


def test_branches_that_meet_are_given_by_name(bob: Person) -> None:
    path = f"/workflows/{saved(bob, LIST).pk}/nodes/both/run"
    answer = bob.post(path, {"input": {"yes": 1, "no": 2}})

    assert {name: begun(answer)[name] for name in ("yes", "no")} == {"yes": 1, "no": 2}
    assert bob.post(path, {"input": 7}).json()["errors"][0]["pointer"] == "/input"


@pytest.mark.parametrize(
    ("name", "body", "status", "pointer"),
    [
        ("pick", {}, 422, "/input"),
        ("tell", {"input": 1}, 422, "/definition/nodes/3/params/url"),
        ("pick", {"input": 2**70}, 422, "/input"),
        ("pick", {"else": 1}, 422, "/else"),
        ("nobody", {"input": 1}, 404, None),
    ],
)
def test_a_node_that_cannot_run_is_refused(
    carol: Person, draft: Workflow, name: str, body: Any, status: int, pointer: str | None
) -> None:
    answer = carol.post(f"/workflows/{draft.pk}/nodes/{name}/run", body)

    assert answer.status_code == status, answer.content
    assert pointer in [*(one["pointer"] for one in answer.json()["errors"]), None]
    assert not Execution.objects.exists()


def test_viewers_and_strangers_run_no_node(victor: Person, charlie: Person, draft: Workflow) -> None:
    assert victor.post(f"/workflows/{draft.pk}/nodes/start/run").status_code == 403
    assert charlie.post(f"/workflows/{draft.pk}/nodes/start/run").status_code == 404
    assert not Execution.objects.exists()


# -- Up to a node, and pins ---------------------------------------------------------------------------------


def test_a_draft_runs_up_to_a_node_though_the_rest_is_not_ready(bob: Person, draft: Workflow) -> None:
    answer = by_hand(bob, f"/workflows/{draft.pk}/run", {"version": "draft", "until": "pick"})

    assert begun(answer) == {}
    assert ids(answer) == ["fetch", "pick", "start"]


def test_pins_stand_in_for_nodes_of_a_draft_that_runs_with_them(bob: Person, draft: Workflow) -> None:
    bob.post(f"/workflows/{draft.pk}/pins", {"node": "fetch", "output": {"body": {"id": 2}}})
    path, body = f"/workflows/{draft.pk}/run", {"version": "draft", "until": "pick"}

    assert begun(by_hand(bob, path, {**body, "use_pins": True})) == {"fetch": {"body": {"id": 2}}}
    assert begun(by_hand(bob, path, body)) == {}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"version": "draft", "until": "nobody"}, "/until"),
        ({"version": "draft", "until": 7}, "/until"),
        ({"version": "draft", "use_pins": 1}, "/use_pins"),
        ({"until": "pick"}, "/until"),
        ({"version": "published", "use_pins": True}, "/use_pins"),
    ],
)
def test_only_drafts_run_in_part_or_with_pins(
    bob: Person, draft: Workflow, body: dict[str, Any], pointer: str
) -> None:
    answer = by_hand(bob, f"/workflows/{draft.pk}/run", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert not Execution.objects.exists()


def test_programs_run_whole_workflows_without_pins(bob: Person, draft: Workflow) -> None:
    answer = bob.post(f"/workflows/{draft.pk}/run", {"version": "draft", "use_pins": True})

    assert [one["code"] for one in answer.json()["errors"]] == ["unknown_key"]


def test_pins_are_kept_replaced_listed_and_removed(bob: Person, victor: Person, draft: Workflow) -> None:
    path = f"/workflows/{draft.pk}/pins"
    assert bob.post(path, {"node": "fetch", "output": 1}).status_code == 201
    assert bob.post(path, {"node": "fetch", "output": None}).status_code == 201

    assert [(one["node"], one["output"]) for one in victor.get(path).json()["results"]] == [("fetch", None)]
    assert victor.post(path, {"node": "fetch", "output": 1}).status_code == 403
    assert bob.post(path, {"node": "nobody", "output": 1}).status_code == 422
    assert bob.delete(f"{path}/fetch").status_code == 204
    assert bob.delete(f"{path}/fetch").status_code == 404
    assert not Pin.objects.exists()


def test_a_run_from_the_page_goes_to_the_fast_queue(bob: Person) -> None:
    answer = by_hand(bob, "/run", {"definition": GREET})

    assert Execution.objects.get(pk=answer.json()["id"]).queue == "high_priority"
