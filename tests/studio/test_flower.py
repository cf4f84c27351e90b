"""Flower is for staff only, read-only, and outlives its broker."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from studio.accounts.models import User
from studio.embedded.home import Home
from studio.embedded.os_process import is_alive, wait_until
from studio.embedded.ports import any_free
from studio.embedded.valkey import Valkey
from studio.flower import flower_password

pytestmark = [pytest.mark.workers, pytest.mark.slow]


@contextlib.contextmanager
def flower_process(redis_url: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = any_free()
    environment = {
        **os.environ,
        "REDIS_URL": redis_url,
        "BROKER_URL": redis_url,
        "SECRET_KEY": settings.SECRET_KEY,
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "flower", "--port", str(port)],
        cwd=settings.BASE_DIR,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_until(lambda: status(port) == 200, seconds=90, every=0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait(10)


def status(port: int, *, password: str | None = None) -> int | None:
    """What Flower itself answers on its port; None when nobody listens."""
    secret = base64.b64encode(f"studio:{password or flower_password()}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/flower/", headers={"Authorization": f"Basic {secret}"})
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


@pytest.fixture(scope="module")
def flower_port() -> Iterator[int]:
    with flower_process(settings.REDIS_URL) as (port, _):
        yield port


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("alice@example.com", "wonderland-7"))
    return client


def test_staff_see_flower_through_django(
    staff: Client, flower_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "STUDIO_FLOWER_PORT", flower_port)
    page = staff.get("/flower/")
    script = staff.get("/flower/static/js/flower.js")

    assert page.status_code == 200
    assert "Workers" in page.content.decode()
    assert 'src="/flower/static/' in page.content.decode()
    assert (script.status_code, script["Content-Type"].partition(";")[0]) == (200, "text/javascript")


def test_nobody_else_does(
    client: Client, db: None, flower_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "STUDIO_FLOWER_PORT", flower_port)
    anonymous = client.get("/flower/tasks?limit=5")
    client.force_login(User.objects.create_user("bob@example.com", "builder-7-7"))

    assert (anonymous.status_code, anonymous["Location"]) == (
        302,
        "/admin/login/?next=/flower/tasks%3Flimit%3D5",
    )
    assert client.get("/flower/").status_code == 403
    assert status(flower_port, password="guessed") == 401


def test_nothing_can_be_changed_through_it(
    staff: Client, flower_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "STUDIO_FLOWER_PORT", flower_port)

    assert staff.post("/flower/api/worker/shutdown/celery@host").status_code == 405


def test_its_list_of_tasks_may_be_asked(
    staff: Client, flower_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "STUDIO_FLOWER_PORT", flower_port)
    question = {
        "draw": "1",
        "start": "0",
        "length": "10",
        "order[0][column]": "0",
        "columns[0][data]": "name",
    }

    answer = staff.post("/flower/tasks/datatable", urlencode(question), "application/x-www-form-urlencoded")

    assert answer.json() == {"draw": 1, "data": [], "recordsTotal": 0, "recordsFiltered": 0}


def test_its_password_stands_in_no_list_of_processes(flower_port: int) -> None:
    shown = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())

    assert flower_password().encode() not in shown


def test_a_flower_that_is_away_is_one_sentence(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "STUDIO_FLOWER_PORT", any_free())

    answer = staff.get("/flower/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "manage.py flower" in answer.content.decode()


def test_it_outlives_a_restart_of_valkey(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    valkey = Valkey(home, durable=False)
    pid = valkey.ensure()
    url = str(home.record("valkey")["url"])
    try:
        with flower_process(url) as (port, process):
            os.kill(pid, signal.SIGKILL)
            assert wait_until(lambda: not is_alive(pid), seconds=5)
            assert status(port) == 200

            valkey.ensure()
            assert str(home.record("valkey")["url"]) == url
            assert status(port) == 200
            assert process.poll() is None
    finally:
        valkey.stop()
