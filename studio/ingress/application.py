"""The ASGI application: which door a request goes through, and what happens to what goes wrong behind it."""

from __future__ import annotations

import itertools
import re
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.conf import settings
from structlog.contextvars import bound_contextvars

from studio.common.metrics import observe_request
from studio.common.problem import as_studio_error, report
from studio.common.request_context import request_id_from
from studio.ingress.doors import Doors
from studio.ingress.hooks import PREFIX as HOOKS
from studio.ingress.messages import Answer, ClientGone, Receive, Scope, Send
from studio.ingress.requests import Request, problem_answer
from workflows.consumers import Live, socket_routes

Sockets = Callable[[Scope, Receive, Send], Awaitable[None]]

_RUN: Final = re.compile(
    r"/api/v1/workflows/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/run"
)
_PROCESS_ROUTES: Final = frozenset({"/livez", "/readyz", "/metrics"})


class Application:
    """`sockets` answers WebSockets; everything that no fast door takes goes to Django."""

    def __init__(self, doors: Doors, sockets: Sockets) -> None:
        self._doors = doors
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
        else:
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._doors.open()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._doors.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = Request(scope, receive, _request_id(scope), settings.STUDIO_BODY_LIMIT_BYTES)
        sending = _Sending(send)
        try:
            route, answer = await self._answer(request, sending)
        except ClientGone:
            return
        except Exception as error:
            if sending.started:
                raise
            route, answer = "refused", self._refusal(error, request)
        if answer is not None:
            answer.headers.append((b"x-request-id", request.id.encode("ascii")))
            await answer.send(sending, head=request.method == "HEAD")
            seconds = time.perf_counter() - started
            observe_request(method=request.method, route=route, status=answer.status, seconds=seconds)

    async def _answer(self, request: Request, send: Send) -> tuple[str, Answer | None]:
        """The route's name with its answer; None when Django has answered already."""
        path = request.path
        if path.startswith(HOOKS):
            return "hooks/{token}", await self._doors.hooks.answer(request)
        if request.method == "POST" and (path == "/api/v1/run" or path.endswith("/run")):
            authorization = request.header(b"authorization")
            match = _RUN.fullmatch(path)
            if authorization is not None and (match is not None or path == "/api/v1/run"):
                workflow_id = uuid.UUID(match[1]) if match is not None else None
                return "run", await self._doors.run.answer(request, authorization, workflow_id)
        if path in _PROCESS_ROUTES:
            return path.lstrip("/"), await self._doors.process.answer(request)
        await self._doors.proxy.forward(request.scope, request.receive, send, request_id=request.id)
        return "forwarded", None

    def _refusal(self, error: Exception, request: Request) -> Answer:
        known = as_studio_error(error)
        with bound_contextvars(request_id=request.id):
            report(error, known)
        return problem_answer(known, request)


def create_application(django: str) -> Application:
    """One per event loop; what no fast door takes goes to `django` (`http://host:port` or `unix:/path`)."""
    doors = Doors(django=django)
    return Application(doors, socket_routes(Live(doors.hub, doors.reader, doors.redis)))


class _Sending:
    """Remembers whether the answer has begun: after that an error can only end the connection."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Any) -> None:
        self.started = True
        await self._send(message)


# Random bytes for every request would cost more than a counter behind those of the process.
_numbers = itertools.count(1)
_process = secrets.token_hex(8)


def _request_id(scope: Scope) -> str:
    """The caller's own where it is a decent one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return request_id_from(value.decode("latin-1"))
    return f"{_process}-{next(_numbers):x}"
