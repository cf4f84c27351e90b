"""`POST /executions/{id}/resume` and `/retry`: the plan, the new execution with what stands, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from studio.kernel import codec
from studio.security.models import AuditEntry
from tests.studio.accounts.people import Person
from tests.workflows.definitions import definition, node
from tests.workflows.rows import execution, missing, step
from workflows.models import Blob, Execution, Payload, Step

pytestmark = pytest.mark.django_db

CHAIN = definition(
    node("start", "trigger.manual"),
    node("fetch", "http.request", method="GET", url="https://shop.example/{{ trigger.id }}"),
    node("tell", "http.request", method="POST", url="https://chat.example/"),
    node("done", "data.set", values={"ok": True}),
    edges=[{"from": "start", "to": "fetch"}, {"from": "fetch", "to": "tell"}, {"from": "tell", "to": "done"}],
)
LIST = definition(
    node("start", "trigger.manual"),
    node("each", "flow.for_each", items="{{ input }}"),
    {**node("tell", "http.request", method="POST", url="https://chat.example/"), "parent": "each"},
    edges=[{"from": "start", "to": "each"}, {"from": "each", "port": "item", "to": "tell"}],
)
FAILURE = {"code": "http_status", "category": "upstream", "message": "503", "node": "tell", "attempt": 1}


@pytest.fixture
def failed(bob: Person) -> Execution:
    """Of CHAIN: `tell` failed."""
    row = execution(
        bob.workspace, CHAIN, given={"id": 7}, status="failed", error=FAILURE, tags=["night"], priority=3
    )
    step(row, "start", "trigger.manual", 1, output={"id": 7})
    step(row, "fetch", "http.request", 2, output={"status": 200})
    step(row, "tell", "http.request", 3, status="failed", port=None, error=FAILURE)
    step(row, "done", "data.set", 4, status="cancelled", port=None, attempt=0, reason="execution_failed")
    return row


@pytest.fixture
def listed(bob: Person) -> Execution:
    """Of LIST: the second of three items failed."""
    row = execution(bob.workspace, LIST, given=[1, 2, 3], status="failed", error=FAILURE)
    step(row, "start", "trigger.manual", 1, output=[1, 2, 3])
    step(row, "each", "flow.for_each", 2, status="failed", port=None, memo={"items": [1, 2, 3]})
    step(row, "tell", "http.request", 3, iteration="each.0", output={"status": 200})
    step(row, "tell", "http.request", 4, iteration="each.1", status="failed", port=None, error=FAILURE)
    step(row, "tell", "http.request", 5, iteration="each.2", output={"status": 200})
    return row


def steps(of: Any) -> dict[str, tuple[str, Any]]:
    rows = Step.objects.filter(execution_id=of).order_by("seq")
    return {
        ":".join(filter(None, (row.node, row.iteration))): (row.status, codec.decode(row.output))
        for row in rows
    }


def told(node: str, action: str, **more: Any) -> dict[str, Any]:
    told_of_all: dict[str, Any] = {"iteration": [], "reason": None, "after": None, "repeats": False}
    return {"node": node, "action": action, **told_of_all, **more}


def actions(plan: dict[str, Any]) -> dict[str, str]:
    return {
        ":".join([one["node"], *(f"{part['scope']}.{part['index']}" for part in one["iteration"])]): one[
            "action"
        ]
        for one in plan["steps"]
    }


def test_a_dry_run_says_what_would_become_of_every_step_and_changes_nothing(
    carol: Person, failed: Execution
) -> None:
    answer = carol.post(f"/executions/{failed.pk}/resume", {"from_node": "tell", "dry_run": True})

    assert answer.status_code == 200
    assert answer.json() == {
        "counts": {"kept": 2, "edited": 0, "reopened": 0, "rerun": 2, "undone": 0, "repeats": 1},
        "steps": [
            told("tell", "rerun", reason="named", repeats=True),
            told("done", "rerun", reason="downstream", after="tell"),
            told("start", "kept"),
            told("fetch", "kept"),
        ],
        "truncated": False,
        "child": None,
    }
    assert Execution.objects.count() == 1


def test_resuming_starts_a_linked_execution_with_what_stands(carol: Person, failed: Execution) -> None:
    answer = carol.post(f"/executions/{failed.pk}/resume", {"from_node": "tell"})

    assert answer.status_code == 202
    row = Execution.objects.get(pk=answer.json()["id"])
    assert answer["Location"] == answer.json()["url"] == f"/api/v1/executions/{row.pk}"
    assert answer.json()["resumed_from"] == str(failed.pk)
    assert answer.json()["plan"]["counts"]["rerun"] == 2
    assert (row.status, row.resumed_from, row.lineage_id, row.epoch) == ("queued", failed.pk, failed.pk, 1)
    assert (row.tags, row.priority, row.definition_id) == (["night"], 3, failed.definition_id)
    assert codec.decode(Payload.objects.get(pk=row.pk).input) == {"id": 7}
    assert steps(row.pk) == {"start": ("succeeded", {"id": 7}), "fetch": ("succeeded", {"status": 200})}
    assert AuditEntry.objects.get(action="execution.resumed").target_id == str(row.pk)


def test_the_line_keeps_the_key_of_its_first_execution_unless_told_to_send_again(
    carol: Person, failed: Execution
) -> None:
    second = carol.post(f"/executions/{failed.pk}/resume", {"from_node": "tell"}).json()["id"]
    Execution.objects.filter(pk=second).update(status="cancelled")
    third = carol.post(f"/executions/{second}/resume", {"from_node": "tell"}).json()["id"]
    other = carol.post(f"/executions/{second}/resume", {"from_node": "tell", "send_again": True}).json()["id"]

    assert Execution.objects.get(pk=third).lineage_id == failed.pk
    assert Execution.objects.get(pk=other).lineage_id is None


def test_edited_outputs_and_input_are_written_in(carol: Person, failed: Execution) -> None:
    body = {"input": {"id": 8}, "outputs": {"fetch": None, "tell": {"status": 201}}}
    answer = carol.post(f"/executions/{failed.pk}/resume", body).json()

    assert codec.decode(Payload.objects.get(pk=answer["id"]).input) == {"id": 8}
    assert steps(answer["id"]) == {
        "start": ("succeeded", {"id": 8}),
        "fetch": ("succeeded", None),
        "tell": ("succeeded", {"status": 201}),
    }
    assert actions(answer["plan"]) == {"start": "kept", "fetch": "edited", "tell": "edited", "done": "rerun"}


def test_a_large_edited_output_becomes_a_blob(carol: Person, failed: Execution) -> None:
    answer = carol.post(f"/executions/{failed.pk}/resume", {"outputs": {"tell": "x" * 70_000}}).json()

    assert steps(answer["id"])["tell"][1]["$blob"]["size_bytes"] == 70_002
    assert Blob.objects.get().execution_id == Step.objects.filter(execution_id=answer["id"])[0].execution_id


def test_one_item_is_run_again_and_the_list_goes_on(carol: Person, listed: Execution) -> None:
    answer = carol.post(
        f"/executions/{listed.pk}/resume", {"from_node": "tell", "iteration": "each.1"}
    ).json()

    assert actions(answer["plan"]) == {
        "tell:each.1": "rerun", "each": "reopened", "start": "kept", "tell:each.0": "kept", "tell:each.2": "kept",
    }  # fmt: skip
    assert steps(answer["id"])["each"] == ("running", None)
    assert codec.decode(Step.objects.get(execution_id=answer["id"], node="each").memo) == {"items": [1, 2, 3]}


def test_retrying_goes_on_from_what_failed(carol: Person, listed: Execution) -> None:
    answer = carol.post(f"/executions/{listed.pk}/retry")

    assert answer.status_code == 202
    assert answer.json()["plan"]["counts"] == {
        "kept": 3, "edited": 0, "reopened": 1, "rerun": 1, "undone": 0, "repeats": 1,
    }  # fmt: skip


def test_it_can_go_on_with_the_draft_or_another_version(bob: Person) -> None:
    workflow = bob.post("/workflows", {"name": "Chain", "definition": CHAIN}).json()["id"]
    bob.post(f"/workflows/{workflow}/publish")
    longer = {**CHAIN, "nodes": [*CHAIN["nodes"], node("more", "data.set", values={})]}
    longer["edges"] = [*CHAIN["edges"], {"from": "start", "to": "more"}]
    bob.patch(f"/workflows/{workflow}", {"definition": longer}, headers={"If-Match": "*"})
    row = execution(bob.workspace, CHAIN, status="failed", error=FAILURE)
    Execution.objects.filter(pk=row.pk).update(workflow=workflow, version=1)
    for number, name in enumerate(("start", "fetch")):
        step(row, name, "trigger.manual" if number == 0 else "http.request", number + 1)

    draft = bob.post(f"/executions/{row.pk}/resume", {"version": "draft"}).json()
    published = bob.post(
        f"/executions/{row.pk}/resume", {"version": "published", "from_node": "fetch"}
    ).json()
    numbered = bob.post(f"/executions/{row.pk}/resume", {"version": 1, "from_node": "fetch"}).json()

    assert actions(draft["plan"]) == {"tell": "rerun", "more": "rerun", "start": "kept", "fetch": "kept"}
    assert bob.get(f"/executions/{draft['id']}/definition").json() == longer
    assert [Execution.objects.get(pk=one["id"]).version for one in (draft, published, numbered)] == [
        None,
        1,
        1,
    ]


@pytest.mark.parametrize("status", ["queued", "running", "waiting"])
@pytest.mark.parametrize("verb", ["resume", "retry"])
def test_what_has_not_ended_is_409(carol: Person, failed: Execution, status: str, verb: str) -> None:
    Execution.objects.filter(pk=failed.pk).update(status=status)
    answer = carol.post(f"/executions/{failed.pk}/{verb}")

    assert (answer.status_code, answer.json()["code"]) == (409, "execution_not_ended")
    assert Execution.objects.count() == 1


def test_what_succeeded_is_resumed_from_a_node_but_not_retried(carol: Person, failed: Execution) -> None:
    Execution.objects.filter(pk=failed.pk).update(status="succeeded")
    Step.objects.filter(execution_id=failed.pk).update(status="succeeded", reason=None, port="success")

    assert carol.post(f"/executions/{failed.pk}/retry").json()["code"] == "nothing_failed"
    assert carol.post(f"/executions/{failed.pk}/resume").status_code == 422
    assert carol.post(f"/executions/{failed.pk}/resume", {"from_node": "start"}).status_code == 202


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"from_node": "nobody"}, "/from_node"),
        ({"from_node": 7}, "/from_node"),
        ({"from_node": "tell", "iteration": "each.1"}, "/iteration"),
        ({"from_node": "tell", "iteration": "each.one"}, "/iteration"),
        ({"iteration": "each.1"}, "/iteration"),
        ({"outputs": {"nobody": 1}}, "/outputs/nobody"),
        ({"outputs": {"tell:each.1": 1}}, "/outputs/tell:each.1"),
        ({"outputs": {"tell": 2**70}}, "/outputs/tell"),
        ({"outputs": [1]}, "/outputs"),
        ({"version": "old"}, "/version"),
        ({"version": True}, "/version"),
        ({"version": "draft"}, "/version"),
        ({"send_again": "yes"}, "/send_again"),
        ({"else": 1}, "/else"),
        ({"input": 2**70}, "/input"),
    ],
)
def test_what_is_not_there_is_refused_with_its_place(
    carol: Person, failed: Execution, body: dict[str, Any], pointer: str
) -> None:
    answer = carol.post(f"/executions/{failed.pk}/resume", body)

    assert answer.status_code == 422, answer.content
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert Execution.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"from_node": "tell", "iteration": "each.9"}, "/iteration"),
        ({"outputs": {"tell": 1}}, "/outputs/tell"),
    ],
)
def test_an_item_must_be_there_and_be_named(
    carol: Person, listed: Execution, body: dict[str, Any], pointer: str
) -> None:
    answer = carol.post(f"/executions/{listed.pk}/resume", body)

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("verb", ["resume", "retry"])
def test_the_same_idempotency_key_resumes_once(carol: Person, failed: Execution, verb: str) -> None:
    first = carol.post(f"/executions/{failed.pk}/{verb}", {}, headers={"Idempotency-Key": "k"})
    again = carol.post(f"/executions/{failed.pk}/{verb}", {}, headers={"Idempotency-Key": "k"})

    assert first.status_code == again.status_code == 202
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Execution.objects.count() == 2


@pytest.mark.parametrize("verb", ["resume", "retry"])
def test_others_can_neither_see_nor_resume_it(
    victor: Person, charlie: Person, failed: Execution, verb: str
) -> None:
    assert victor.post(f"/executions/{failed.pk}/{verb}").status_code == 403
    assert charlie.post(f"/executions/{failed.pk}/{verb}").status_code == 404
    assert Execution.objects.count() == 1


def test_an_unknown_execution_is_404(carol: Person) -> None:
    assert carol.post(f"/executions/{missing()}/resume").status_code == 404


# -- Inside a sub-workflow ----------------------------------------------------------------------------------

CALLING = definition(
    node("start", "trigger.manual"),
    node("call", "flow.workflow", workflow="chain"),
    node("done", "data.set", values={}),
    edges=[{"from": "start", "to": "call"}, {"from": "call", "to": "done"}],
)


@pytest.fixture
def calling(bob: Person, failed: Execution) -> Execution:
    """Its step `call` awaited the execution that failed."""
    row = execution(bob.workspace, CALLING, status="failed", error=FAILURE)
    step(row, "start", "trigger.manual", 1)
    call = step(row, "call", "flow.workflow", 2, status="failed", port=None, error=FAILURE)
    Execution.objects.filter(pk=failed.pk).update(parent_id=row.pk, parent_step_id=call.pk, depth=1)
    return row


def test_a_sub_workflow_goes_on_inside_its_parent(
    carol: Person, calling: Execution, failed: Execution
) -> None:
    body = {"from_node": "call", "child": {"from_node": "tell"}}
    answer = carol.post(f"/executions/{calling.pk}/resume", body).json()

    child = Execution.objects.get(resumed_from=failed.pk)
    call = Step.objects.get(execution_id=answer["id"], node="call")
    assert (str(child.parent_id), child.parent_step_id, child.depth) == (answer["id"], call.pk, 1)
    assert (call.status, call.wait["kind"], call.wait["execution"]) == ("waiting", "child", str(child.pk))
    assert actions(answer["plan"]) == {"call": "reopened", "start": "kept", "done": "rerun"}
    assert actions(answer["plan"]["child"]) == {
        "tell": "rerun",
        "done": "rerun",
        "start": "kept",
        "fetch": "kept",
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"child": {}}, "/from_node"),
        ({"from_node": "start", "child": {}}, "/child"),
        ({"from_node": "call", "child": {"from_node": "nobody"}}, "/child/from_node"),
        ({"from_node": "call", "child": {"else": 1}}, "/child/else"),
        ({"from_node": "call", "child": 7}, "/child"),
    ],
)
def test_a_sub_workflow_that_cannot_go_on_is_refused(
    carol: Person, calling: Execution, body: dict[str, Any], pointer: str
) -> None:
    answer = carol.post(f"/executions/{calling.pk}/resume", body)

    assert answer.status_code == 422, answer.content
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert Execution.objects.count() == 2
