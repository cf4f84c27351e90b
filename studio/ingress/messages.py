"""Requests and answers as the ingress sees them: bytes in under a cap and a deadline, bytes out at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from studio.kernel.errors import Malformed, TooLarge

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# What is refused is still read for a while, or the client would see a reset connection instead of the answer.
DISCARD_BYTES: Final = 32 << 20
DISCARD_SECONDS: Final = 5.0


class ClientGone(Exception):
    """The connection closed before the request was complete; there is nobody to answer."""


@dataclass(slots=True)
class Answer:
    """A whole response. `close`: the connection may still carry a body that nobody will read."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)
    content_type: bytes = b"application/json"
    close: bool = False

    async def send(self, send: Send, *, head: bool = False) -> None:
        headers = [
            (b"content-type", self.content_type),
            (b"content-length", b"%d" % len(self.body)),
            (b"x-content-type-options", b"nosniff"),
            *self.headers,
        ]
        if self.close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else self.body})


def json_answer(status: int, document: Any, headers: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    return Answer(status, orjson.dumps(document), list(headers))


def header(scope: Scope, name: bytes) -> bytes | None:
    """The value of a header that may come once; None without it. Raise Malformed when it came twice."""
    found: bytes | None = None
    for key, value in scope["headers"]:
        if key == name:
            if found is not None:
                raise Malformed(reason=f"The header {name.decode()} came more than once.")
            found = value
    return found


async def read_body(scope: Scope, receive: Receive, *, limit_bytes: int) -> bytes:
    """The whole body, never holding more than the limit; raise TooLarge or ClientGone.

    The server sees to it that a body that stalls ends in a disconnect.
    """
    declared = header(scope, b"content-length")
    if declared is not None and int(declared) > limit_bytes:
        if header(scope, b"expect") is None:
            await _discard(receive)
        raise TooLarge(limit_bytes=limit_bytes)
    message = await _next_message(receive)
    body = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit_bytes:
            raise TooLarge(limit_bytes=limit_bytes)
        return bytes(body)
    chunks, size = [body], len(body)
    while message.get("more_body"):
        message = await _next_message(receive)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit_bytes:
            chunks.clear()
            if message.get("more_body"):
                await _discard(receive)
            raise TooLarge(limit_bytes=limit_bytes)
    return b"".join(chunks)


async def _next_message(receive: Receive) -> MutableMapping[str, Any]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message


async def _discard(receive: Receive) -> None:
    read = 0
    try:
        async with asyncio.timeout(DISCARD_SECONDS):
            while read < DISCARD_BYTES:
                message = await receive()
                read += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return
