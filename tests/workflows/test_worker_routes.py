"""`/workers` and `/queues`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from studio.accounts.models import Workspace
from studio.kernel.clock import utcnow
from studio.kernel.ids import uuid7
from studio.operations.models import Worker
from tests.studio.accounts.people import Person
from tests.workflows.definitions import GREET
from tests.workflows.rows import execution

pytestmark = pytest.mark.django_db


def worker(*queues: str, lease: float = 6.0, **more: Any) -> Worker:
    now = utcnow()
    values = {
        "name": "here-1", "host": "here", "pid": 1, "region": "local", "slots": 500, "in_flight": 2, "finished": 7,
        "lock_key": 1, "started_at": now, "heartbeat_at": now, "lease_until": now + timedelta(seconds=lease), **more,
    }  # fmt: skip
    return Worker.objects.create(queues=list(queues), **values)


def test_workers_are_listed_with_their_load(victor: Person) -> None:
    worker("default")
    worker("webhook", status="dead", stopped_at=utcnow())

    everybody = victor.get("/workers").json()["results"]
    (alive,) = victor.get("/workers?status=alive").json()["results"]

    assert len(everybody) == 2
    assert (alive["name"], alive["queues"], alive["in_flight"], alive["slots"]) == (
        "here-1",
        ["default"],
        2,
        500,
    )
    assert {"host", "pid", "lock_key"}.isdisjoint(alive)


@pytest.mark.parametrize(
    ("queues", "status", "unserved"),
    [
        ([], "down", ["default", "high_priority", "webhook"]),
        ([("default", "high_priority")], "degraded", ["webhook"]),
        ([("default", "high_priority"), ("webhook",)], "ok", []),
    ],
)
def test_health_says_which_queues_nobody_serves(
    victor: Person, queues: list[tuple[str, ...]], status: str, unserved: list[str]
) -> None:
    for served in queues:
        worker(*served)

    health = victor.get("/workers/health").json()

    assert (health["status"], health["unserved_queues"], health["alive"]) == (status, unserved, len(queues))


def test_work_that_waits_too_long_degrades_health(victor: Person, acme: Workspace) -> None:
    worker("default", "high_priority", "webhook")
    execution(acme, GREET, due_at=utcnow() - timedelta(seconds=90))

    health = victor.get("/workers/health").json()

    assert (health["status"], health["late_queues"]) == ("degraded", ["default"])


def test_a_worker_whose_lease_ran_out_serves_nothing(victor: Person) -> None:
    worker("default", "high_priority", "webhook", lease=-1)

    assert victor.get("/workers/health").json()["status"] == "down"


def test_stats_count_the_workspace_alone(victor: Person, charlie: Person) -> None:
    worker("default")
    now = utcnow()
    for status, more in (
        ("queued", {}), ("running", {"owner": uuid7()}), ("waiting", {}), ("succeeded", {"finished_at": now}),
    ):  # fmt: skip
        execution(victor.workspace, GREET, status=status, **more)
    execution(charlie.workspace, GREET)

    assert victor.get("/workers/stats").json() == {
        "workers": {"workers": 1, "slots": 500, "in_flight": 2, "finished": 7},
        "executions": {"queued": 1, "running": 1, "waiting": 1, "finished_last_minute": 1},
    }


def test_queues_tell_their_depth_and_the_age_of_the_oldest(victor: Person) -> None:
    worker("default", "webhook")
    for seconds in (5, 90):
        execution(victor.workspace, GREET, due_at=utcnow() - timedelta(seconds=seconds))

    default, webhook = victor.get("/queues").json()["results"]

    assert (default["queue"], default["depth"], default["workers"]) == ("default", 2, 1)
    assert 85 <= default["oldest_seconds"] < 120
    assert webhook == {
        "queue": "webhook",
        "region": "local",
        "depth": 0,
        "oldest_seconds": None,
        "workers": 1,
    }
