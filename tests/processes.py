"""A whole Studio for tests that need one: real stores, ingress, web, workers, scheduler, Flower, on free ports.

It is what `manage.py up` starts, in a home of its own, once per session. Tests meet it as users do, over HTTP
with the demo's key; `query` looks or pokes into its database where nothing else can.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from studio.embedded.guardian import Guardian
from studio.embedded.home import CHECKOUT, Home
from studio.embedded.os_process import wait_until
from studio.embedded.ports import any_free

START_SECONDS = 90.0
STOP_SECONDS = 40.0
FINAL = ("succeeded", "failed", "cancelled")
_OURS = (
    "DATABASE_URL",
    "REDIS_URL",
    "CACHE_URL",
    "BROKER_URL",
    "SECRET_KEY",
    "STUDIO_HOME",
    "STUDIO_TEST_DATABASE",
)


@dataclass(frozen=True)
class Answer:
    """`document` is the JSON of the body; None when it has none."""

    status: int
    document: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Studio:
    """A running installation."""

    url: str
    token: str
    email: str
    password: str
    home: Home
    pid: int

    def ask(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 70.0,
    ) -> Answer:
        """Call the API with the demo's key; errors are answers too."""
        data = json.dumps(document).encode() if document is not None else body
        given = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, data, given)
            response = connection.getresponse()
            return _answer(response.status, response.read(), dict(response.getheaders()))

    def done(self, method: str, path: str, document: Any = None, **options: Any) -> Any:
        """As `ask`, for calls that must succeed."""
        answer = self.ask(method, path, document, **options)
        assert answer.status < 400, (method, path, answer.status, answer.document)
        return answer.document

    def ended(self, execution: str, *, seconds: float = 30.0) -> Any:
        """The execution once it is final."""
        shown: dict[str, Any] = {}

        def is_final() -> bool:
            shown.update(self.done("GET", f"/api/v1/executions/{execution}"))
            return shown["status"] in FINAL

        assert wait_until(is_final, seconds=seconds, every=0.05), shown
        return shown

    def steps(self, execution: str) -> list[Any]:
        """Every step, over all pages."""
        found: list[Any] = []
        cursor = ""
        while True:
            page = self.done("GET", f"/api/v1/executions/{execution}/steps?limit=200{cursor}")
            found += page["results"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    def query(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement in its database."""
        url = str(self.home.record("postgres")["url"])
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def running_studio(*, workers: int = 1, environment: Mapping[str, str] | None = None) -> Iterator[Studio]:
    """Start everything, stop it in good order, leave nothing behind; loopback may be called by nodes."""
    home = Home(Path(tempfile.mkdtemp(prefix="studio-test-")))
    home.path.chmod(0o711)
    (home.path / ".studio-home").touch(mode=0o600)
    guardian = Guardian()
    guardian.delete_after(home.path)
    log = home.path / "up.log"
    process = _start(home, log, workers, environment or {})
    guardian.watch(process.pid, stop=signal.SIGTERM, seconds=STOP_SECONDS)
    try:
        ready = wait_until(
            lambda: b"Studio is ready" in log.read_bytes() or process.poll() is not None,
            seconds=START_SECONDS,
            every=0.1,
        )
        assert ready, _story(home, log)
        assert process.poll() is None, _story(home, log)
        demo = home.record("demo")
        yield Studio(
            url=str(home.record("up")["url"]),
            token=str(demo["token"]),
            email=str(demo["email"]),
            password=str(demo["password"]),
            home=home,
            pid=process.pid,
        )
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        guardian.close()
        shutil.rmtree(home.path, ignore_errors=True)


@pytest.fixture(scope="session")
def studio_processes() -> Iterator[Studio]:
    """One Studio for all tests of the session that ask for it."""
    with running_studio() as studio:
        yield studio


def _start(home: Home, log: Path, workers: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if name not in _OURS}
    command = [sys.executable, "manage.py", "up", "--home", str(home.path), "--port", str(any_free())]
    with log.open("wb") as output:
        return subprocess.Popen(
            [*command, "--workers", str(workers)],
            cwd=CHECKOUT,
            stdout=output,
            stderr=output,
            env={**kept, "STUDIO_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8", **environment},
            start_new_session=True,
        )


def _answer(status: int, body: bytes, headers: dict[str, str]) -> Answer:
    return Answer(status, json.loads(body) if body else None, headers)


def _story(home: Home, log: Path) -> str:
    """What everybody said, for a start that failed."""
    logs = [log, *sorted(home.logs.glob("*.log"))]
    return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in logs)
