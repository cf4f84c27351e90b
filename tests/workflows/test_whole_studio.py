"""What the API tells of executions that real workers run."""

from __future__ import annotations

from typing import Any

import pytest

from studio.embedded.os_process import wait_until
from tests.processes import Studio
from tests.workflows.definitions import definition, node

pytestmark = [pytest.mark.workers, pytest.mark.slow]

ROUNDS = definition(
    node("start", "trigger.manual"),
    node("each", "flow.for_each", items="{{ trigger.names }}"),
    {**node("greet", "data.set", values={"text": "Hello {{ item }}"}), "parent": "each"},
    node("approved", "flow.wait", signal="approved"),
    node("answer", "data.set", values={"greeted": "{{ nodes.each }}", "by": "{{ input.by }}"}),
    edges=[
        {"from": "start", "to": "each"},
        {"from": "each", "port": "item", "to": "greet"},
        {"from": "each", "port": "done", "to": "approved"},
        {"from": "approved", "to": "answer"},
    ],
)


ASKS = definition(
    node("start", "trigger.manual"),
    node(
        "ask", "flow.approval", message="Pay?", form=[{"name": "amount", "type": "integer", "required": True}]
    ),
    node("yes", "data.set", values={"approved": "{{ nodes.ask.form.amount }}"}),
    edges=[{"from": "start", "to": "ask"}, {"from": "ask", "port": "approved", "to": "yes"}],
)


@pytest.fixture
def workflow(studio_processes: Studio) -> str:
    made = studio_processes.done("POST", "/api/v1/workflows", {"name": "Rounds", "definition": ROUNDS})
    path = f"/api/v1/workflows/{made['id']}"
    studio_processes.done("POST", f"{path}/publish")
    return path


def started(studio: Studio, path: str) -> str:
    """An execution that has come to wait for its signal."""
    execution = (
        f"/api/v1/executions/{studio.done('POST', f'{path}/run', {'input': {'names': ['Ada', 'Bob']}})['id']}"
    )
    assert wait_until(lambda: studio.done("GET", execution)["status"] == "waiting", seconds=20, every=0.05)
    return execution


def test_a_signalled_execution_goes_on_and_every_step_tells_what_it_was_given(
    studio_processes: Studio, workflow: str
) -> None:
    execution = started(studio_processes, workflow)

    studio_processes.done("POST", f"{execution}/signals/approved", {"by": "carol"})
    ended = studio_processes.ended(execution.rpartition("/")[2])

    greeted = [{"text": "Hello Ada"}, {"text": "Hello Bob"}]
    assert (ended["status"], ended["version"]) == ("succeeded", 1)
    assert ended["output"] == {"greeted": greeted, "by": "carol"}
    assert given(studio_processes, execution) == {
        ("start", ()): {"names": ["Ada", "Bob"]},
        ("each", ()): {"names": ["Ada", "Bob"]},
        ("greet", (("each", 0),)): "Ada",
        ("greet", (("each", 1),)): "Bob",
        ("approved", ()): greeted,
        ("answer", ()): {"by": "carol"},
    }


def test_a_cancelled_execution_ends_and_its_events_say_so(studio_processes: Studio, workflow: str) -> None:
    execution = started(studio_processes, workflow)
    before = studio_processes.done("GET", f"{execution}/events")["results"][-1]["seq"]

    answer = studio_processes.ask("POST", f"{execution}/cancel")
    ended = studio_processes.ended(execution.rpartition("/")[2])

    later = studio_processes.done("GET", f"{execution}/events?after={before}")["results"]
    assert (answer.status, ended["status"]) == (202, "cancelled")
    assert [event["type"] for event in later] == ["step.cancelled", "step.cancelled", "execution.cancelled"]
    assert studio_processes.ask("POST", f"{execution}/cancel").status == 409


def test_a_paused_execution_sleeps_through_its_signal_until_it_is_continued(
    studio_processes: Studio, workflow: str
) -> None:
    execution = started(studio_processes, workflow)
    before = studio_processes.done("GET", f"{execution}/events")["results"][-1]["seq"]

    assert studio_processes.done("POST", f"{execution}/pause")["status"] == "paused"
    studio_processes.done("POST", f"{execution}/signals/approved", {"by": "carol"})
    assert studio_processes.done("GET", execution)["reason"] == {"code": "paused"}
    studio_processes.done("POST", f"{execution}/continue")

    ended = studio_processes.ended(execution.rpartition("/")[2])
    later = studio_processes.done("GET", f"{execution}/events?after={before}")["results"]
    assert (ended["status"], ended["output"]["by"]) == ("succeeded", "carol")
    assert later[-1]["type"] == "execution.succeeded"


def test_a_link_approves_and_whoever_started_it_cannot(studio_processes: Studio, asks: str) -> None:
    execution = started(studio_processes, asks)
    attribute(studio_processes, execution, "(SELECT id FROM accounts_user LIMIT 1)")
    own = studio_processes.ask("POST", f"{execution}/signals/ask", {"decision": "approve"})
    attribute(studio_processes, execution, "uuidv7()")

    link = studio_processes.done("POST", f"{execution}/signals/ask/links")["url"]
    path = link[link.index("/api/v1/") :]
    followed = studio_processes.ask(
        "POST", path, {"decision": "approve", "form": {"amount": 3}}, headers={"Authorization": ""}
    )

    ended = studio_processes.ended(execution.rpartition("/")[2])
    assert (own.status, followed.status) == (403, 202)
    assert (ended["status"], ended["output"]) == ("succeeded", {"approved": 3})


@pytest.fixture
def asks(studio_processes: Studio) -> str:
    """A workflow that asks, started and answered by a key that a person stands behind."""
    studio_processes.query(
        "UPDATE accounts_apikey SET created_by_id = (SELECT id FROM accounts_user LIMIT 1)"
    )
    made = studio_processes.done("POST", "/api/v1/workflows", {"name": "Asks", "definition": ASKS})
    path = f"/api/v1/workflows/{made['id']}"
    studio_processes.done("POST", f"{path}/publish")
    return path


def attribute(studio: Studio, execution: str, person: str) -> None:
    """Say who started it; the front door believes for seconds what it knows of a key."""
    identifier = execution.rpartition("/")[2]
    studio.query(f"UPDATE workflows_execution SET started_by = {person} WHERE id = %s", [identifier])  # noqa: S608


def test_workers_are_there_and_serve_every_queue(studio_processes: Studio) -> None:
    health = studio_processes.done("GET", "/api/v1/workers/health")

    assert health["status"] == "ok"
    assert {one["queue"] for one in studio_processes.done("GET", "/api/v1/queues")["results"]} >= {
        "default", "high_priority", "webhook",
    }  # fmt: skip


def given(studio: Studio, execution: str) -> dict[tuple[str, tuple[Any, ...]], Any]:
    """Inputs by node and iteration."""
    return {
        (step["node"], tuple((part["scope"], part["index"]) for part in step["iteration"])): step["input"]
        for step in studio.steps(execution.rpartition("/")[2])
    }
