"""What the ingress holds open: connections, committers, caches; closed in order."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from redis.asyncio import Redis

from studio.common.committer import GroupCommitter
from studio.common.metrics import watch_committer
from studio.ingress.authentication import Authentication
from studio.ingress.definitions import Definitions
from studio.ingress.hooks import HookRoute
from studio.ingress.outcomes import Outcomes
from studio.ingress.process_routes import ProcessRoutes
from studio.ingress.proxy import Proxy
from studio.ingress.reading import Reader
from studio.ingress.run import RunRoute
from webhooks.inbound.records import NewEvent, Stored
from webhooks.inbound.store import EventWriter
from workflows.live.hub import Hub
from workflows.runtime.connect import connect
from workflows.runtime.doorbell import bell
from workflows.runtime.records import Accepted, NewExecution
from workflows.runtime.submit import SubmitWriter

PATIENCE_SECONDS = 6.0
"""How long a caller is held while the store is away, before it is told to come back."""


class Doors:
    """Belongs to one event loop; `django` is where everything else is forwarded to."""

    def __init__(self, *, django: str) -> None:
        self.reader = Reader()
        self.hub = Hub(settings.REDIS_URL)
        self.redis: Redis = Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        executions: GroupCommitter[NewExecution, Accepted] = GroupCommitter(
            partial(connect, "ingress executions"), SubmitWriter(), "execution", patience=PATIENCE_SECONDS
        )
        events: GroupCommitter[NewEvent, Stored] = GroupCommitter(
            partial(connect, "ingress events"), EventWriter(), "webhook event", patience=PATIENCE_SECONDS
        )
        self._committers: list[GroupCommitter[Any, Any]] = [executions, events]
        self.run = RunRoute(
            Authentication(self.reader),
            Definitions(self.reader),
            executions,
            Outcomes(self.hub, self.reader),
            bell(),
        )
        self.hooks = HookRoute(self.reader, events, bell())
        self.process = ProcessRoutes()
        self.proxy = Proxy(
            django,
            limit_bytes=settings.STUDIO_BODY_LIMIT_BYTES,
            behind_proxy=settings.SECURE_PROXY_SSL_HEADER is not None,
        )

    async def open(self) -> None:
        await self.reader.open()
        self.hub.start()
        for committer in self._committers:
            committer.start()
            watch_committer(committer)

    async def close(self) -> None:
        """What was accepted into a group is written before anything else closes."""
        for committer in self._committers:
            await committer.close()
        await self.hub.close()
        await self.proxy.close()
        await self.redis.aclose()
        await self.reader.close()
