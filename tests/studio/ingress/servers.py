"""Real servers for these tests: the ingress on a loop of its own, and upstreams that answer as a script says."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvloop

from studio.ingress.application import create_application
from studio.ingress.server import create_server

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """Where it listens; every call opens a connection of its own."""

    port: int

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, content, sent)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, names, response.read())
        finally:
            connection.close()

    def raw(self, request: bytes, *, seconds: float = 5.0) -> bytes:
        """Send bytes as they are and read until the other side closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(request)
            received = b""
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while chunk := connection.recv(65_536):
                    received += chunk
            return received


@contextlib.contextmanager
def running_ingress(django: str = "http://127.0.0.1:1") -> Iterator[Server]:
    """The ingress as `manage.py ingress` runs it, within this process."""
    started = threading.Event()
    found: dict[str, Any] = {}

    async def serve() -> None:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        server = create_server(create_application(django))
        found.update(server=server, port=listening.getsockname()[1])
        start = server.startup

        async def start_and_tell(sockets: list[socket.socket] | None = None) -> None:
            await start(sockets)
            started.set()

        server.startup = start_and_tell  # type: ignore[method-assign]
        await server.serve(sockets=[listening])

    thread = threading.Thread(target=lambda: uvloop.run(serve()), name="ingress")
    thread.start()
    assert started.wait(10)
    try:
        yield Server(found["port"])
    finally:
        found["server"].should_exit = True
        thread.join(15)


@dataclass
class Upstream:
    """A server whose every connection `script` answers; `seen` collects what arrived."""

    script: Script
    seen: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextlib.contextmanager
def running_upstream(script: Script) -> Iterator[tuple[Upstream, str]]:
    """Yields it with its address."""
    upstream = Upstream(script)
    started = threading.Event()
    found: dict[str, Any] = {}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await upstream.script(reader, writer)
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        found.update(
            loop=asyncio.get_running_loop(), stop=asyncio.Event(), port=server.sockets[0].getsockname()[1]
        )
        started.set()
        async with server:
            await found["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="upstream")
    thread.start()
    assert started.wait(5)
    try:
        yield upstream, f"http://127.0.0.1:{found['port']}"
    finally:
        found["loop"].call_soon_threadsafe(found["stop"].set)
        thread.join(5)


def echo(upstream_seen: list[bytes], *, extra: bytes = b"") -> Script:
    """Answers every request of a connection with 200 and notes its head and body."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            upstream_seen.append(request)
            body = b'{"ok": true}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s" % (len(body), extra, body))
            await writer.drain()

    return script


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ),
        0,
    )
    return head + await reader.readexactly(length)
