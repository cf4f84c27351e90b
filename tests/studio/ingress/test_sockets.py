"""`/ws/…`: who may open a socket, and what arrives on it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.conf import settings
from django.test import Client
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from studio.accounts.models import ApiKey, Membership, Workspace
from studio.kernel.clock import utcnow
from studio.kernel.ids import step_id, uuid7
from studio.kernel.keys import execution_channel, watched_key, workspace_channel
from tests.studio.accounts.people import PASSWORD, Person
from tests.studio.ingress.servers import Server
from workflows.live import frames
from workflows.models import Execution, Step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def valkey() -> Iterator[Redis]:
    client = Redis.from_url(settings.REDIS_URL)
    yield client
    client.close()


@pytest.fixture
def execution(acme: Workspace) -> Execution:
    identifier = uuid7()
    made = Execution.objects.create(
        id=identifier, workspace=acme, definition_id=uuid7(), status="running", queue="default", region="local",
        created_at=utcnow(), started_at=utcnow(), seq=10, epoch=1,
    )  # fmt: skip
    step(identifier, "first", "succeeded", 11)
    step(identifier, "second", "running", 12)
    return made


def step(execution_id: UUID, node: str, status: str, seq: int) -> None:
    Step.objects.create(
        id=step_id(execution_id, node, ""), execution_id=execution_id, node=node, kind="data.set", status=status,
        seq=seq, attempt=1, queued_at=utcnow(), started_at=utcnow(),
    )  # fmt: skip


def ticket(person: Person) -> str:
    reply = person.post("/tickets")
    assert reply.status_code == 201
    return str(reply.json()["ticket"])


def session(person: Person) -> str:
    client = Client()
    assert client.login(username=person.user.email, password=PASSWORD)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@contextmanager
def opened(server: Server, path: str, **headers: str) -> Iterator[ClientConnection]:
    url = f"ws://127.0.0.1:{server.port}{path}"
    with connect(url, additional_headers=headers, open_timeout=5, max_size=None) as socket:
        yield socket


def receive(socket: ClientConnection) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(socket.recv(timeout=5))
    return document


def closed_with(socket: ClientConnection) -> int:
    """The close code, whatever still arrives before it."""
    try:
        while True:
            socket.recv(timeout=10)
    except ConnectionClosed as end:
        return -1 if end.rcvd is None else int(end.rcvd.code)


def publish(valkey: Redis, execution: Execution, *seqs: int, text: str = "") -> None:
    events = [
        {"type": "step.succeeded", "seq": seq, "execution": str(execution.pk), "step": {"node": text}}
        for seq in seqs
    ]
    valkey.publish(execution_channel(execution.pk), orjson.dumps(events))


def test_a_client_gets_a_snapshot_and_then_what_happens_after_it(
    ingress: Server, execution: Execution, victor: Person, valkey: Redis
) -> None:
    with opened(ingress, f"/ws/executions/{execution.pk}?ticket={ticket(victor)}") as socket:
        snapshot = receive(socket)
        assert valkey.exists(watched_key(execution.pk))
        publish(valkey, execution, 11, 12, 13)
        publish(valkey, execution, 14)
        events = [receive(socket), receive(socket)]

    assert (snapshot["type"], snapshot["seq"], snapshot["execution"]["status"]) == ("snapshot", 12, "running")
    assert [(shown["node"], shown["status"]) for shown in snapshot["steps"]] == [
        ("first", "succeeded"), ("second", "running"),
    ]  # fmt: skip
    assert [event["seq"] for event in events] == [13, 14]


def test_a_client_that_comes_back_is_told_what_it_missed(
    ingress: Server, execution: Execution, victor: Person
) -> None:
    with opened(ingress, f"/ws/executions/{execution.pk}?after=11&ticket={ticket(victor)}") as socket:
        snapshot, missed = receive(socket), receive(socket)

    assert snapshot["type"] == "snapshot"
    assert (missed["type"], missed["seq"], missed["step"]["node"]) == ("step.started", 12, "second")


def test_a_browser_is_known_by_its_session_and_its_origin(
    ingress: Server, execution: Execution, victor: Person
) -> None:
    cookie, path = session(victor), f"/ws/executions/{execution.pk}"
    own = f"http://127.0.0.1:{ingress.port}"

    with opened(ingress, path, Cookie=cookie, Origin=own) as socket:
        assert receive(socket)["type"] == "snapshot"
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{ingress.port}.evil.example"):
        with opened(ingress, path, Cookie=cookie, Origin=origin) as socket:
            assert closed_with(socket) == 4401
    with opened(ingress, path, Cookie=cookie) as socket:
        assert closed_with(socket) == 4401
    with opened(ingress, path, Origin=own) as socket:
        assert closed_with(socket) == 4401


def test_a_ticket_opens_one_socket_once(ingress: Server, execution: Execution, victor: Person) -> None:
    path = f"/ws/executions/{execution.pk}?ticket={ticket(victor)}"
    with opened(ingress, path) as socket:
        receive(socket)
        with opened(ingress, path) as again:
            assert closed_with(again) == 4401
    with opened(ingress, f"/ws/executions/{execution.pk}?ticket={'x' * 5000}") as forged:
        assert closed_with(forged) == 4401


def test_what_is_not_there_and_what_is_not_ours_look_the_same(
    ingress: Server, execution: Execution, victor: Person, charlie: Person
) -> None:
    paths = [
        f"/ws/executions/{uuid7()}?ticket={ticket(victor)}",
        f"/ws/executions/{execution.pk}?ticket={ticket(charlie)}",
        f"/ws/executions/not-an-id?ticket={ticket(victor)}",
        "/ws/nowhere",
    ]

    for path in paths:
        with opened(ingress, path) as socket:
            assert closed_with(socket) == 4404


def test_hints_reach_everybody_in_the_workspace_and_nobody_else(
    ingress: Server, acme: Workspace, victor: Person, charlie: Person, valkey: Redis
) -> None:
    hint = {"type": "execution.succeeded", "execution": {"id": "x"}}
    own = {"Cookie": session(victor), "Origin": f"http://127.0.0.1:{ingress.port}"}
    with (
        opened(ingress, "/ws/workspace?workspace=acme", **own) as mine,
        opened(ingress, f"/ws/workspace?ticket={ticket(charlie)}") as theirs,
    ):
        assert [receive(mine), receive(theirs)] == [{"type": "refetch"}] * 2
        valkey.publish(workspace_channel(acme.pk), orjson.dumps([hint]))

        assert receive(mine) == hint
        with pytest.raises(TimeoutError):
            theirs.recv(timeout=0.2)
    with opened(ingress, "/ws/workspace?workspace=globex", **own) as foreign:
        assert closed_with(foreign) == 4404


def test_a_client_that_falls_behind_is_told_and_closed(
    ingress: Server, execution: Execution, victor: Person, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MOST_FRAMES", 50)
    with opened(ingress, f"/ws/executions/{execution.pk}?ticket={ticket(victor)}") as socket:
        receive(socket)
        publish(valkey, execution, *range(13, 113))

        assert receive(socket) == {"type": "gap"}
        assert closed_with(socket) == 4008


def test_after_a_broken_subscription_clients_get_a_new_snapshot(
    ingress: Server, execution: Execution, victor: Person, valkey: Redis
) -> None:
    with opened(ingress, f"/ws/executions/{execution.pk}?ticket={ticket(victor)}") as socket:
        receive(socket)
        valkey.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        Step.objects.filter(node="second").update(status="succeeded", seq=15)

        snapshot = receive(socket)
        assert snapshot["type"] == "snapshot"
        time.sleep(0.3)
        publish(valkey, execution, 16)
        while (event := receive(socket))["type"] == "snapshot":
            snapshot = event

    assert snapshot["seq"] == 15
    assert event["seq"] == 16


def test_a_watcher_who_lost_the_right_to_watch_is_closed(
    ingress: Server, execution: Execution, victor: Person, carol: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows import consumers

    monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.3)
    own = {"Cookie": session(carol), "Origin": f"http://127.0.0.1:{ingress.port}"}
    with (
        opened(ingress, f"/ws/executions/{execution.pk}?ticket={ticket(victor)}") as by_key,
        opened(ingress, f"/ws/executions/{execution.pk}", **own) as by_session,
    ):
        receive(by_key)
        receive(by_session)
        ApiKey.objects.update(revoked_at=utcnow())
        Membership.objects.filter(user=carol.user).delete()

        assert [closed_with(by_key), closed_with(by_session)] == [4401, 4401]


def test_every_watcher_gets_every_event_in_order(
    ingress: Server, execution: Execution, victor: Person, valkey: Redis
) -> None:
    received: list[list[int]] = []
    ready = threading.Barrier(21)

    def watch(path: str) -> None:
        with opened(ingress, path) as socket:
            receive(socket)
            ready.wait(20)
            received.append([receive(socket)["seq"] for _ in range(500)])

    paths = [f"/ws/executions/{execution.pk}?ticket={ticket(victor)}" for _ in range(20)]
    threads = [threading.Thread(target=watch, args=[path]) for path in paths]
    for thread in threads:
        thread.start()
    ready.wait(20)
    for start in range(13, 513, 10):
        publish(valkey, execution, *range(start, start + 10))
    for thread in threads:
        thread.join()

    assert received == [list(range(13, 513))] * 20
