"""What the benchmarks of the front door share: fresh durable stores, the ingress as a process, and its clients.

Clients are as cheap as Python allows (one loop, bytes prepared ahead, only the status line is read), because
they run on the same cores as what they measure.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CLIENTS = 50
WARM_UP_SECONDS = 1.0


@dataclass(frozen=True)
class Ingress:
    port: int
    pid: int


@dataclass
class Result:
    """`seconds` of load, the latencies of all answers in ms, CPU µs of the server for one of them."""

    seconds: float
    latencies: list[float]
    statuses: dict[bytes, int]
    cpu_us: float | None = None

    def line(self, label: str) -> str:
        ordered = sorted(self.latencies) or [0.0]
        p50, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
        cpu = "" if self.cpu_us is None else f"   {self.cpu_us:6.0f} µs CPU"
        rate = len(self.latencies) / self.seconds
        return f"{label:<42} {rate:8,.0f}/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms{cpu}"


@contextlib.contextmanager
def stores() -> Iterator[None]:
    """A PostgreSQL that forces every commit to disk, and a Valkey, both new and gone afterwards."""
    from studio.embedded.testing import temporary_stores

    with temporary_stores(durable=True) as environment:
        os.environ.update(environment)
        os.environ["DJANGO_SETTINGS_MODULE"] = "studio.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield


@contextlib.contextmanager
def ingress() -> Iterator[Ingress]:
    """`manage.py ingress` on a free port, with nobody behind it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.fileno()
        command = [
            sys.executable,
            "manage.py",
            "ingress",
            "--fd",
            str(descriptor),
            "--django",
            "http://127.0.0.1:1",
        ]
        environment = {**os.environ, "STUDIO_LOG_LEVEL": "WARNING"}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[descriptor])
        try:
            port = listener.getsockname()[1]
            _await_answer(port)
            yield Ingress(port, process.pid)
        finally:
            process.terminate()
            process.wait(20)


def load(server: Ingress, request: bytes, *, seconds: float) -> Result:
    """`CLIENTS` connections that each send the next request when the last one is answered."""
    import uvloop

    async def run() -> Result:
        latencies: list[float] = []
        statuses: dict[bytes, int] = {}
        await asyncio.gather(
            *(_client(server.port, request, WARM_UP_SECONDS, [], {}) for _ in range(CLIENTS))
        )
        used = cpu_seconds(server.pid)
        started = time.perf_counter()
        clients = (_client(server.port, request, seconds, latencies, statuses) for _ in range(CLIENTS))
        await asyncio.gather(*clients)
        elapsed = time.perf_counter() - started
        cpu = (cpu_seconds(server.pid) - used) * 1e6 / max(1, len(latencies))
        return Result(elapsed, latencies, statuses, cpu)

    result: Result = uvloop.run(run())
    return result


async def floor(submit: Callable[[], Awaitable[Any]], *, seconds: float) -> Result:
    """As many callers as clients, straight into a committer: what the same rows cost without a front door."""
    latencies: list[float] = []
    started = time.perf_counter()

    async def caller() -> None:
        while (asked := time.perf_counter()) - started < seconds:
            await submit()
            latencies.append((time.perf_counter() - asked) * 1000)

    used = resource.getrusage(resource.RUSAGE_SELF)
    await asyncio.gather(*(caller() for _ in range(CLIENTS)))
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = (now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime) * 1e6 / max(1, len(latencies))
    return Result(time.perf_counter() - started, latencies, {}, cpu)


def post(path: str, body: bytes, **headers: str) -> bytes:
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{named}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _client(
    port: int,
    request: bytes,
    seconds: float,
    latencies: list[float],
    statuses: dict[bytes, int],
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    until = time.perf_counter() + seconds
    try:
        while (asked := time.perf_counter()) < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            start = head.index(b"content-length: ") + 16
            await reader.readexactly(int(head[start : head.index(b"\r", start)]))
            latencies.append((time.perf_counter() - asked) * 1000)
            status = head[9:12]
            statuses[status] = statuses.get(status, 0) + 1
    finally:
        writer.close()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _await_answer(port: int) -> None:
    """Its socket is open before it runs, so the answer comes once it does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/livez")
    connection.getresponse().read()
    connection.close()
