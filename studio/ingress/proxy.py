"""The way to Django: whole requests over loopback HTTP/1.1, responses streamed back.

A request that may be repeated uses a kept connection and is sent again when that turns out to be closed; any
other opens its own, because "it closed before it answered" would leave open whether Django saw it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httptools

from studio.ingress.forwarding import request_head, response_headers
from studio.ingress.messages import Headers, Receive, Scope, Send, read_body
from studio.kernel.errors import StoreAway

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 120.0
CHUNK_BYTES: Final = 64 << 10
MAX_KEPT: Final = 32
REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
AWAY: Final = "The application"

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class UpstreamClosed(Exception):
    """A kept connection closed before a byte of the answer."""


class _Response:
    """Parser callbacks: what arrived since the last look."""

    def __init__(self, *, head: bool) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.headers: Headers = []
        self.body: list[bytes] = []
        self.started = self.complete = False
        self._head = head

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.parser.get_status_code() < 200:
            self.headers.clear()
            return
        self.started = True
        self.complete = self._head

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.complete = self.complete or self.started

    def take_body(self) -> bytes:
        body, self.body = b"".join(self.body), []
        return body


@dataclass
class Proxy:
    """Forwards to `target`: `http://host:port` or `unix:/path`."""

    target: str
    limit_bytes: int
    behind_proxy: bool = False
    answer_seconds: float = ANSWER_SECONDS
    _kept: deque[Stream] = field(default_factory=deque)

    async def forward(self, scope: Scope, receive: Receive, send: Send, *, request_id: str) -> None:
        """Answer from Django; raise CallerError, or StoreAway while nothing has been answered yet."""
        body = await read_body(scope, receive, limit_bytes=self.limit_bytes)
        head = request_head(
            scope, body_bytes=len(body), behind_proxy=self.behind_proxy, request_id=request_id
        )
        repeatable = scope["method"] in REPEATABLE
        if repeatable:
            while (stream := self._take_kept()) is not None:
                with contextlib.suppress(UpstreamClosed):
                    await self._exchange(stream, head + body, scope, send)
                    return
        try:
            await self._exchange(await self._connect(), head + body, scope, send)
        except UpstreamClosed as error:
            raise StoreAway(store=AWAY) from error

    async def close(self) -> None:
        while self._kept:
            self._kept.popleft()[1].close()

    async def _connect(self) -> Stream:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if self.target.startswith("unix:"):
                    return await asyncio.open_unix_connection(
                        self.target.removeprefix("unix:"), limit=CHUNK_BYTES
                    )
                parts = urlsplit(self.target)
                return await asyncio.open_connection(parts.hostname, parts.port or 80, limit=CHUNK_BYTES)
        except (OSError, TimeoutError) as error:
            raise StoreAway(store=AWAY) from error

    def _take_kept(self) -> Stream | None:
        while self._kept:
            reader, writer = self._kept.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None

    async def _exchange(self, stream: Stream, request: bytes, scope: Scope, send: Send) -> None:
        reader, writer = stream
        reusable = False
        try:
            writer.write(request)
            response = _Response(head=scope["method"] == "HEAD")
            await self._await_head(reader, response)
            await _relay(reader, response, send)
            reusable = scope["method"] != "HEAD" and response.parser.should_keep_alive()
        finally:
            if reusable and len(self._kept) < MAX_KEPT:
                self._kept.append(stream)
            else:
                writer.close()

    async def _await_head(self, reader: asyncio.StreamReader, response: _Response) -> None:
        try:
            async with asyncio.timeout(self.answer_seconds):
                while not response.started:
                    data = await reader.read(CHUNK_BYTES)
                    if not data:
                        raise UpstreamClosed
                    response.parser.feed_data(data)
        except (ConnectionError, httptools.HttpParserError) as error:
            raise UpstreamClosed from error
        except TimeoutError as error:
            raise StoreAway(store=AWAY) from error


async def _relay(reader: asyncio.StreamReader, response: _Response, send: Send) -> None:
    """Stream the body; a cut-off one raises, so that the server cuts the client off as well."""
    await send(
        {
            "type": "http.response.start",
            "status": response.parser.get_status_code(),
            "headers": response_headers(response.headers),
        }
    )
    while not response.complete:
        if chunk := response.take_body():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        data = await reader.read(CHUNK_BYTES)
        if not data:
            break
        response.parser.feed_data(data)
    if not response.complete and _has_framing(response.headers):
        raise ConnectionResetError("the application's answer was cut off")
    await send({"type": "http.response.body", "body": response.take_body()})


def _has_framing(headers: Headers) -> bool:
    """Whether the end of the body can be told from its beginning; else the end is the connection's."""
    return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers)
