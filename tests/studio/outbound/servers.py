"""Real servers on loopback that behave well, badly, or only count who calls."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web

SERVER_ADDRESS = "127.0.0.2"
Talk: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Seen:
    """What a server was sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """An HTTP server; `seen` holds the requests in order."""

    port: int = 0
    address: str = SERVER_ADDRESS
    seen: list[Seen] = field(default_factory=list)

    def url(self, path: str = "/") -> str:
        return f"http://{self.address}:{self.port}{path}"


@asynccontextmanager
async def http_server(address: str = SERVER_ADDRESS) -> AsyncIterator[Server]:
    """Answer by path; see `_answer`."""
    server = Server(address=address)

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        server.seen.append(Seen(request.method, request.path_qs, dict(request.headers), body))
        return await _answer(request, body)

    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, address, 0)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


async def _answer(request: web.Request, body: bytes) -> web.StreamResponse:
    query = request.query
    match request.path:
        case "/status":
            headers = {key[2:]: value for key, value in query.items() if key.startswith("h-")}
            return web.Response(status=int(query["code"]), headers=headers, text=query.get("text", ""))
        case "/redirect":
            return web.Response(status=int(query.get("code", "302")), headers={"Location": query["to"]})
        case "/loop":
            return web.Response(status=302, headers={"Location": "/loop"})
        case "/bomb":
            packed = gzip.compress(b"\0" * (50 * 1024 * 1024), 9)
            return web.Response(body=packed, headers={"Content-Encoding": "gzip"})
        case "/broken-gzip":
            return web.Response(body=b"not gzip at all", headers={"Content-Encoding": "gzip"})
        case "/drip" | "/endless":
            return await _stream(request, slow=request.path == "/drip")
        case "/big-header":
            return web.Response(headers={"X-Big": "a" * 40_000})
        case "/cookie":
            return web.Response(headers={"Set-Cookie": "session=1; Path=/"})
        case "/text":
            return web.Response(text="grüße", charset="latin-1")
        case "/bytes":
            return web.Response(body=b"\x00\xff", content_type="image/png")
        case "/broken-json":
            return web.Response(body=b"{", content_type="application/json")
    return web.json_response({"method": request.method, "path": request.path_qs, "body": body.decode()})


async def _stream(request: web.Request, *, slow: bool) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while request.transport is not None and not request.transport.is_closing():
        await response.write(b"." if slow else b"." * 65536)
        await asyncio.sleep(0.02 if slow else 0)
    return response


@asynccontextmanager
async def raw_server(talk: Talk, address: str = SERVER_ADDRESS) -> AsyncIterator[Server]:
    """A server below HTTP: `talk` does what it likes with each connection."""
    server = await asyncio.start_server(talk, address, 0)
    try:
        yield Server(port=server.sockets[0].getsockname()[1], address=address)
    finally:
        server.close()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the head of the request, then close without a word."""
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request and never answer; ends when the client leaves."""
    while await reader.read(65536):
        pass
    writer.close()


async def speak_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer in something that is not HTTP."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    await writer.drain()
    writer.close()


async def cut_the_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Promise more than is sent."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()


@dataclass
class Canary:
    """A listener on 127.0.0.1 and ::1 that nobody may reach."""

    port: int
    connections: int = 0


@asynccontextmanager
async def canary() -> AsyncIterator[Canary]:
    """Count connections; the same port on every loopback address that exists here."""
    seen = Canary(port=0)

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        writer.close()

    first = await asyncio.start_server(talk, "127.0.0.1", 0)
    seen.port = first.sockets[0].getsockname()[1]
    servers = [first]
    if _has_ipv6_loopback():
        servers.append(await asyncio.start_server(talk, "::1", seen.port))
    try:
        yield seen
    finally:
        for server in servers:
            server.close()


def _has_ipv6_loopback() -> bool:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


def closed_port() -> int:
    """A port of the server's address where nobody listens."""
    with socket.socket() as probe:
        probe.bind((SERVER_ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port
