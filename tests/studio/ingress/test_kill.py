"""The process that accepts is killed in full load: nothing it acknowledged is lost."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.studio.accounts.people import Person
from tests.webhooks.hooked import published
from webhooks.models import Event
from workflows.models import Execution

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
CLIENTS = 20
DEFINITION = {"schema": "studio/1", "nodes": [{"id": "start", "kind": "trigger.manual"}], "edges": []}


@contextlib.contextmanager
def ingress_process() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`manage.py ingress` on a socket that we hold open, as the supervisor starts it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        descriptor = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "manage.py", "ingress", "--fd", str(descriptor), "--django", "http://127.0.0.1:1"],
            cwd=ROOT, env=os.environ, pass_fds=[descriptor],
        )  # fmt: skip
        try:
            assert get(port, "/livez") == 200
            yield process, port
        finally:
            process.kill()
            process.wait(10)


def get(port: int, path: str) -> int:
    """Waits for the process: its socket is open before it runs."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    return connection.getresponse().status


def keep_sending(port: int, path: str, headers: dict[str, str], body: bytes, acknowledged: list[str]) -> None:
    """Until the other side is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.suppress(OSError, http.client.HTTPException):
        while True:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            content = response.read()
            if response.status == 202:
                acknowledged.append(json.loads(content)["id"])


def killed_under_load(path: str, headers: dict[str, str], body: bytes) -> list[str]:
    """The ids that were acknowledged before the process was killed."""
    acknowledged: list[str] = []
    with ingress_process() as (process, port):
        clients = [
            threading.Thread(target=keep_sending, args=[port, path, headers, body, acknowledged])
            for _ in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        deadline = time.monotonic() + 20
        while len(acknowledged) < 300 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    for client in clients:
        client.join(15)
    assert len(acknowledged) >= 300
    return acknowledged


def test_no_acknowledged_execution_is_lost(bob: Person) -> None:
    body = json.dumps({"definition": DEFINITION, "input": {"n": 1}}).encode()
    headers = {"Authorization": f"Bearer {bob.token}", "Content-Type": "application/json"}

    acknowledged = killed_under_load("/api/v1/run", headers, body)

    stored = {str(pk) for pk in Execution.objects.values_list("pk", flat=True)}
    assert set(acknowledged) - stored == set()


def test_no_acknowledged_event_is_lost(bob: Person) -> None:
    source = published(bob)

    acknowledged = killed_under_load(
        f"/hooks/{source.token}", {"Content-Type": "application/json"}, b'{"n": 1}'
    )

    stored = {str(pk) for pk in Event.objects.values_list("pk", flat=True)}
    assert set(acknowledged) - stored == set()


def test_a_process_that_is_asked_to_stop_answers_what_it_has_taken(bob: Person) -> None:
    body = json.dumps({"definition": DEFINITION}).encode()
    headers = {"Authorization": f"Bearer {bob.token}", "Content-Type": "application/json"}
    acknowledged: list[str] = []
    with ingress_process() as (process, port):
        client = threading.Thread(
            target=keep_sending, args=[port, "/api/v1/run", headers, body, acknowledged]
        )
        client.start()
        while len(acknowledged) < 20:
            time.sleep(0.01)
        process.terminate()

        assert process.wait(12) in (0, -signal.SIGTERM)
    client.join(15)
    assert {str(pk) for pk in Execution.objects.values_list("pk", flat=True)} == set(acknowledged)
