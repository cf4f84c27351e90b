"""What the front door does while a store is away: it says so, or does without."""

from __future__ import annotations

import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.studio.accounts.people import Person
from tests.studio.ingress.servers import running_ingress
from workflows.models import Execution

pytestmark = pytest.mark.django_db(transaction=True)

NOBODY = "127.0.0.1:1"
DEFINITION = {"schema": "studio/1", "nodes": [{"id": "start", "kind": "trigger.manual"}], "edges": []}


def test_without_postgresql_callers_are_told_to_come_back(bob: Person, settings: Any) -> None:
    settings.DATABASE_URL = f"postgresql://nobody@{NOBODY}/none"
    with running_ingress() as server:
        started = time.monotonic()
        replies = [
            server.send("POST", "/hooks/" + "a" * 32, b"{}"),
            server.send("POST", "/api/v1/run", {}, {"Authorization": f"Bearer {bob.token}"}),
        ]

        assert server.send("GET", "/livez").status == 200
    assert [(reply.status, reply.document["code"]) for reply in replies] == [(503, "store_away")] * 2
    assert all(reply.headers["retry-after"] == "1" for reply in replies)
    assert time.monotonic() - started < 20


def test_without_valkey_executions_are_accepted_all_the_same(bob: Person, settings: Any) -> None:
    settings.REDIS_URL = f"redis://{NOBODY}/0"
    with running_ingress() as server:
        reply = server.send(
            "POST",
            "/api/v1/run?wait=0.3",
            {"definition": DEFINITION},
            {"Authorization": f"Bearer {bob.token}"},
        )

    assert reply.status == 202
    assert str(Execution.objects.get().pk) == reply.document["id"]


def test_without_valkey_the_end_of_an_execution_is_found_in_its_row(bob: Person, settings: Any) -> None:
    settings.REDIS_URL = f"redis://{NOBODY}/0"
    headers = {"Authorization": f"Bearer {bob.token}", "Idempotency-Key": "k"}
    with running_ingress() as server:
        server.send("POST", "/api/v1/run", {"definition": DEFINITION}, headers)
        Execution.objects.update(status="succeeded", finished_at="2026-01-01T00:00Z")
        reply = server.send("POST", "/api/v1/run?wait=5", {"definition": DEFINITION}, headers)

    assert (reply.status, reply.document["status"]) == (200, "succeeded")


def test_without_valkey_watchers_are_asked_to_try_again(bob: Person, settings: Any) -> None:
    settings.REDIS_URL = f"redis://{NOBODY}/0"
    with (
        running_ingress() as server,
        connect(f"ws://127.0.0.1:{server.port}/ws/workspace?ticket=x") as socket,
        pytest.raises(ConnectionClosed) as closed,
    ):
        socket.recv(timeout=10)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
