"""The web process as a whole: routes that are not the API's, and how it tells whether it is ready."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings

from studio import health

pytestmark = pytest.mark.django_db


@pytest.fixture
def built(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "index.html").write_text("<!doctype html><title>Studio</title>")
    with override_settings(FRONTEND_DIST=tmp_path):
        yield


@pytest.mark.parametrize("path", ["/", "/workflows", "/executions/0199/steps", "/administration"])
def test_every_address_that_is_nobody_elses_is_the_pages(built: None, client: Client, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")
    assert "csrftoken" in answer.cookies


@pytest.mark.parametrize("path", ["/api", "/api/v2/x", "/hooks/x", "/ws/x", "/accounts/x", "/static/x"])
def test_reserved_addresses_are_not_the_pages(built: None, client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_page_that_is_not_built_says_how_to_build_it(client: Client, tmp_path: Path) -> None:
    with override_settings(FRONTEND_DIST=tmp_path):
        answer = client.get("/")

    assert (answer.status_code, b"bin/up" in answer.content) == (503, True)


def test_the_description_is_openapi_3_1_and_names_the_rule_of_every_route(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()

    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert document["openapi"].startswith("3.1")
    assert all("x-rule" in operation for operation in operations)
    assert document["paths"]["/api/v1/me"]["get"]["responses"]["401"]["content"].keys() == {
        "application/problem+json"
    }


def test_the_description_can_be_read_without_any_foreign_script(client: Client) -> None:
    answer = client.get("/api/v1/docs/", headers={"Accept": "text/html"})

    assert answer.status_code == 200
    assert b"http://" not in answer.content.replace(b"http://testserver", b"")
    assert b"https://" not in answer.content
    assert client.get("/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css").status_code == 200


def test_a_live_process_says_so(client: Client) -> None:
    assert client.get("/livez").content == b"ok\n"


def test_a_process_without_partitions_ahead_is_not_ready(client: Client) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert list(answer.json()["missing"]) == ["partitions"]


def test_a_process_whose_valkey_is_away_is_not_ready(client: Client) -> None:
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        assert client.get("/readyz").json()["missing"]["valkey"] == "Valkey does not answer."


def test_a_process_behind_its_migrations_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_known_migrations", lambda: frozenset({("workflows", "9999_later")}))

    missing = client.get("/readyz").json()["missing"]["migrations"]

    assert missing == "1 migrations are not applied, first workflows.9999_later: run `manage.py migrate`."


@pytest.mark.slow
def test_the_web_process_serves_over_a_unix_socket_and_stops_when_told(tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    command = [sys.executable, "manage.py", "web", "--uds", str(path)]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=dict(os.environ))
    try:
        answer = _ask(path, process)
    finally:
        process.terminate()
        process.wait(20)

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"x-request-id: request-0003" in answer.lower()


def _ask(path: Path, process: subprocess.Popen[bytes]) -> bytes:
    """One request, as soon as somebody listens."""
    for _ in range(600):
        assert process.poll() is None, "the web process ended"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(0.5)
            try:
                connection.connect(str(path))
            except OSError:
                threading.Event().wait(0.05)
                continue
            connection.settimeout(20)
            connection.sendall(
                b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-ID: request-0003\r\n\r\n"
            )
            return b"".join(iter(lambda: connection.recv(65536), b""))
    raise AssertionError("nobody listens")
