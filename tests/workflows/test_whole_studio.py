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
