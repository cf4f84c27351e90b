"""A TCP proxy that can cut, stall, and swallow an answer after the work was done."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)


@dataclass(eq=False)
class _Link:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    swallows: bool = False

    def reset(self) -> None:
        """End both sides as a broken network does, without a farewell."""
        for writer in (self.client, self.server):
            connection = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


@dataclass
class Proxy:
    """Passes connections on to `target`, a port of this machine."""

    target: int
    port: int = 0
    cuts: int = 0
    swallowed: int = 0
    _links: set[_Link] = field(default_factory=set)
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    def cut(self) -> None:
        """Reset every connection there is."""
        self.cuts += len(self._links)
        for link in list(self._links):
            link.reset()

    def swallow_answers(self) -> None:
        """The next answer on each connection there is gets lost, and the connection with it."""
        for link in self._links:
            link.swallows = True

    async def stall(self, seconds: float) -> None:
        """Pass nothing for a while; then what was held goes on."""
        self._open.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._open.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._open.wait()
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, upstream_writer)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(reader, link))
                both.create_task(self._answer(upstream_reader, link))
        finally:
            self._links.discard(link)
            link.client.transport.abort()
            link.server.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, link: _Link) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._open.wait()
                link.server.write(data)
                await link.server.drain()
        link.server.close()

    async def _answer(self, reader: asyncio.StreamReader, link: _Link) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._open.wait()
                if link.swallows:
                    self.swallowed += 1
                    link.reset()
                    return
                link.client.write(data)
                await link.client.drain()
        link.client.close()


@contextlib.asynccontextmanager
async def running_proxy(target: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(target)
    proxy._open.set()
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0, backlog=1024)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await asyncio.sleep(0)
