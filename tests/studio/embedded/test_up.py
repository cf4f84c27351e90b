"""`up` as people meet it: one command, everything runs; one signal, nothing does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.embedded.home import CHECKOUT, Home
from studio.embedded.os_process import is_alive, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.workers]

NAMED_BY_TESTS = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "STUDIO_HOME", "STUDIO_BASE_URL"}
DEFINITION = {
    "schema": "studio/1",
    "nodes": [{"id": "greet", "kind": "data.set", "params": {"values": {"text": "{{ 'hello' | upper }}"}}}],
    "edges": [],
}

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(home: Home) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "studio.embedded", "up", "--home", str(home.path), *arguments],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={name: value for name, value in os.environ.items() if name not in NAMED_BY_TESTS},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)


def wait_until_ready(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The address and the API key that `up` prints."""
    assert process.stdout is not None
    url, seen = "", []
    for line in process.stdout:
        seen.append(line)
        if line.startswith("Studio is ready: "):
            url = line.split()[-1]
        if "API key" in line:
            return url, line.split()[-1]
    raise AssertionError("".join(seen))


def ask(url: str, key: str, body: Any = None) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def processes_of(home: Path) -> list[int]:
    """Every live process whose environment or command line names the home."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if bytes(home) in told and is_alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def test_one_signal_ends_it_all_and_a_second_start_has_the_same_key_and_data(
    start: Start, home: Home
) -> None:
    url, key = wait_until_ready(running := start())

    done = ask(f"{url}/api/v1/run?wait=20", key, {"definition": DEFINITION, "input": {}})
    running.send_signal(signal.SIGINT)

    assert (done["status"], done["output"]) == ("succeeded", {"text": "HELLO"})
    assert running.wait(timeout=30) == 0
    assert processes_of(home.path) == []

    url, same_key = wait_until_ready(start())

    assert same_key == key
    assert ask(f"{url}{done['url']}", key)["status"] == "succeeded"
    assert (home.path / "demo.json").stat().st_mode & 0o077 == 0


def test_a_second_run_from_the_same_home_is_refused_and_a_killed_one_leaves_nothing(
    start: Start, home: Home
) -> None:
    url, _ = wait_until_ready(first := start())

    said, _ = (second := start()).communicate(timeout=30)
    first.kill()

    assert second.returncode == 1
    assert f"already runs from {home.path}: {url}" in said
    assert wait_until(lambda: processes_of(home.path) == [], seconds=30, every=0.2)
