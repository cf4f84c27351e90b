"""WebSockets: `/ws/executions/{id}?after=seq` and `/ws/workspace`.

Channels routes and closes; its channel layer is not used, because it drops events silently when it is full.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass
from typing import Any, Final

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from django.urls import path, re_path
from redis.asyncio import Redis
from redis.exceptions import RedisError

from studio.kernel.errors import NotFound, StoreAway, Unauthenticated
from studio.kernel.keys import execution_channel, workspace_channel
from workflows.live.admission import Admission, Handshake, admit, still_holds
from workflows.live.frames import ClientBuffer, frame
from workflows.live.hub import Hub
from workflows.live.snapshot import Reads, read_snapshot

log = structlog.get_logger()

UNAUTHENTICATED: Final = 4401
NOT_FOUND: Final = 4404
TOO_SLOW: Final = 4008
TRY_AGAIN: Final = 1013
DEFECT: Final = 1011
CHECK_SECONDS: Final = 60.0
SEND_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Live:
    """What consumers of one process share."""

    hub: Hub
    reads: Reads
    redis: Redis


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # Channels has no types
    """Admits, watches, and hands on what comes until the client leaves, falls behind or may not any more."""

    _serving: asyncio.Task[None] | None = None

    def __init__(self, *, live: Live) -> None:
        super().__init__()
        self.live = live
        self.buffer = ClientBuffer()
        self.seen = 0

    async def connect(self) -> None:
        # A refusal before the handshake is done could carry no close code of ours.
        await self.accept()
        self._serving = asyncio.create_task(self._serve())

    async def disconnect(self, code: int) -> None:
        if self._serving is not None:
            self._serving.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Clients have nothing to say here."""

    async def watch(self, admission: Admission, handshake: Handshake) -> tuple[str, str]:
        """The channel and the id to watch; raise NotFound."""
        raise NotImplementedError

    async def greet(self) -> None:
        """Send what the client needs first, and again after a gap."""

    async def _serve(self) -> None:
        code = await self._outcome()
        with contextlib.suppress(Exception):
            await self.close(code)

    async def _outcome(self) -> int:
        handshake = Handshake.of(self.scope)
        try:
            admission = await admit(handshake, self.live.redis)
            channel, watched = await self.watch(admission, handshake)
            async with self.live.hub.watch(channel, watched, self.buffer.hear):
                await self.greet()
                return await self._hand_on(admission)
        except Unauthenticated:
            return UNAUTHENTICATED
        except NotFound:
            return NOT_FOUND
        except TimeoutError:
            return TOO_SLOW
        except (StoreAway, RedisError, OSError):
            return TRY_AGAIN
        except Exception:
            # A defect of ours must close the socket, or the client waits for ever.
            log.exception("live.defect", path=self.scope.get("path"))
            return DEFECT

    async def _hand_on(self, admission: Admission) -> int:
        loop = asyncio.get_running_loop()
        check_at = loop.time() + CHECK_SECONDS
        while True:
            came = await self.buffer.wait(max(0.0, check_at - loop.time()))
            if not came or loop.time() >= check_at:
                if not await still_holds(admission):
                    return UNAUTHENTICATED
                check_at = loop.time() + CHECK_SECONDS
            if self.buffer.overflown:
                await self.say({"type": "gap"})
                return TOO_SLOW
            if self.buffer.gap:
                self.buffer.gap = False
                await self.greet()
            for seq, text in self.buffer.take(self.seen):
                self.seen = max(self.seen, seq)
                await self._send_text(text)

    async def say(self, document: dict[str, Any]) -> None:
        await self._send_text(frame(document).text)

    async def _send_text(self, text: str) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await self.send(text_data=text)


class ExecutionConsumer(LiveConsumer):
    """The events of one execution: a snapshot, then everything that happens after it."""

    async def watch(self, admission: Admission, handshake: Handshake) -> tuple[str, str]:
        self.execution_id: uuid.UUID = self.scope["url_route"]["kwargs"]["execution_id"]
        after = handshake.parameters.get("after", "")
        self.after = int(after) if after.isdecimal() and len(after) < 20 else None
        snapshot = await read_snapshot(self.live.reads, self.execution_id)
        if snapshot is None or not admission.covers(snapshot.execution.workspace_id):
            raise NotFound(what="execution")
        return execution_channel(self.execution_id), str(self.execution_id)

    async def greet(self) -> None:
        snapshot = await read_snapshot(self.live.reads, self.execution_id)
        if snapshot is None:
            raise NotFound(what="execution")
        await self.say(snapshot.document())
        if self.after is not None:
            for event in snapshot.events_after(self.after):
                await self.say(event)
        self.seen = max(self.seen, snapshot.seq)
        self.after = None if self.after is None else self.seen


class WorkspaceConsumer(LiveConsumer):
    """Hints to refetch, for everybody in a workspace; `?workspace=<slug>` names it for sessions."""

    async def watch(self, admission: Admission, handshake: Handshake) -> tuple[str, str]:
        slug = handshake.parameters.get("workspace")
        if admission.session_key is None or slug is None:
            workspace_id = next(iter(admission.workspaces.values()))
        elif slug in admission.workspaces:
            workspace_id = admission.workspaces[slug]
        else:
            raise NotFound(what="workspace")
        return workspace_channel(workspace_id), str(workspace_id)

    async def greet(self) -> None:
        await self.say({"type": "refetch"})


async def _nowhere(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": NOT_FOUND})


def socket_routes(live: Live) -> Any:
    """The ASGI application for WebSockets."""
    return URLRouter(
        [
            path("ws/executions/<uuid:execution_id>", ExecutionConsumer.as_asgi(live=live)),
            path("ws/workspace", WorkspaceConsumer.as_asgi(live=live)),
            re_path(r"", _nowhere),  # type: ignore[arg-type] # an ASGI application
        ]
    )
