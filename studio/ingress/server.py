"""uvicorn with the bounds it lacks: how long a request may take to arrive, and how large its head may be."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS: Final = 15.0
BODY_SECONDS: Final = 30.0
MAX_HEAD_BYTES: Final = 64 << 10
KEEP_ALIVE_SECONDS: Final = 75
DRAIN_SECONDS: Final = 10
BACKLOG: Final = 2_048

_TOO_SLOW = (
    b'{"type":"urn:studio:problem:body_too_slow","title":"Request timeout","status":408,"code":"body_too_slow",'
    b'"detail":"The body did not arrive in time.","errors":[]}'
)


class BoundedProtocol(HttpToolsProtocol):
    """Ends connections that trickle a head or a body in, or send a head without end.

    A timer runs only while a request is incomplete: one that arrives in one piece, as nearly all do, costs none.
    """

    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_head:
            if self._timer is None:
                self._timer = self.loop.call_later(BODY_SECONDS, self._body_is_late)
        elif self._head_bytes:
            if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The request head is too large.")
            elif self._timer is None:
                self._timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._forget_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._forget_timer()
        super().on_message_complete()

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _body_is_late(self) -> None:
        """Whoever reads the body learns of it as a disconnect."""
        self._timer = None
        if self.transport.is_closing():
            return
        if not self.cycle.response_started:
            head = b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
            self.transport.write(head + b"content-length: %d\r\n\r\n" % len(_TOO_SLOW) + _TOO_SLOW)
        self.transport.close()


def create_server(application: Any, *, host: str | None = None, port: int = 0) -> uvicorn.Server:
    """A server ready for `serve()`; the caller's loop runs it."""
    config = uvicorn.Config(
        application,
        host=host or "127.0.0.1",
        port=port,
        loop="uvloop",
        http=BoundedProtocol,
        ws="websockets-sansio",
        ws_max_size=64 << 10,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    return uvicorn.Server(config)
