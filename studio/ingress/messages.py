"""Requests and answers as the ingress sees them: bytes in under a cap and a deadline, bytes out at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import orjson

from studio.kernel.errors import CallerError, Malformed, TooLarge

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

BODY_SECONDS: Final = 30.0
# What is refused is still read for a while, or the client would see a reset connection instead of the answer.
DISCARD_BYTES: Final = 32 << 20
DISCARD_SECONDS: Final = 5.0


@dataclass(eq=False, kw_only=True)
class BodyTooSlow(CallerError):
    """The client stopped sending."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "body_too_slow"
    title = "Request timeout"
    reason: str = "The body did not arrive in time."


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


async def read_body(
    scope: Scope, receive: Receive, *, limit_bytes: int, seconds: float = BODY_SECONDS
) -> bytes:
    """The whole body, never holding more than the limit; raise TooLarge, BodyTooSlow or ClientGone."""
    declared = header(scope, b"content-length")
    if declared is not None and int(declared) > limit_bytes:
        if header(scope, b"expect") is None:
            await _discard(receive)
        raise TooLarge(limit_bytes=limit_bytes)
    message = await _next_message(receive, seconds) if declared != b"0" else {"body": b""}
    if not message.get("more_body"):
        return _checked(bytes(message.get("body", b"")), limit_bytes)
    chunks = [message["body"]]
    size = len(chunks[0])
    try:
        async with asyncio.timeout(seconds):
            while message.get("more_body"):
                message = await _next_message(receive, None)
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > limit_bytes:
                    chunks.clear()
                    break
    except TimeoutError:
        raise BodyTooSlow() from None
    if size > limit_bytes:
        if message.get("more_body"):
            await _discard(receive)
        raise TooLarge(limit_bytes=limit_bytes)
    return b"".join(chunks)


async def _next_message(receive: Receive, seconds: float | None) -> MutableMapping[str, Any]:
    try:
        async with asyncio.timeout(seconds):
            message = await receive()
    except TimeoutError:
        raise BodyTooSlow() from None
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


def _checked(body: bytes, limit_bytes: int) -> bytes:
    if len(body) > limit_bytes:
        raise TooLarge(limit_bytes=limit_bytes)
    return body
