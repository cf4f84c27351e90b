"""Django's server on its socket, also after an end that it could not clear up after."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.embedded.home import CHECKOUT
from studio.embedded.os_process import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def servers() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_its_socket_is_its_owners_alone_and_kill_9_does_not_keep_it_away(
    tmp_path: Path, servers: list[subprocess.Popen[bytes]]
) -> None:
    path = tmp_path / "web.sock"
    for _ in range(2):
        servers.append(serve(path))

        assert wait_until(lambda: answers(path), seconds=60, every=0.1)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        os.killpg(servers[-1].pid, signal.SIGKILL)
        servers[-1].wait()


def serve(path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "manage.py", "web", "--uds", str(path)],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(str(path))
            connection.sendall(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1")
        except OSError:
            return False
