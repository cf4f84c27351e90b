"""The engine of a worker process: one loop, and one registration after the other."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

import psycopg
import structlog
from django.conf import settings

from studio.operations.breaker_address import configured_plan
from studio.operations.breakers import Breakers
from studio.operations.queues import Queue
from studio.outbound.factory import shared
from workflows.nodes import registry
from workflows.nodes.sandbox import PythonSandbox
from workflows.nodes.sdk import HttpClient, Sandbox
from workflows.runtime.caching import ResultCache
from workflows.runtime.connect import connect
from workflows.runtime.doorbell import bell
from workflows.runtime.events import Publisher
from workflows.runtime.loading import Loader
from workflows.runtime.plans import Plans
from workflows.runtime.registration import Registration

log = structlog.get_logger()

RETRY_SECONDS = 0.3
HEAVY_THREADS = 4


class Engine:
    """Implements `workflows.runtime.registration.Process`; made on its loop."""

    def __init__(self, *, queues: Sequence[str], slots: int) -> None:
        self.queues = served_order(queues)
        self.slots = slots
        self._outbound = shared()
        self._python = PythonSandbox(processes=settings.STUDIO_CODE_WORKERS)
        self.client: HttpClient = self._outbound
        self.sandbox: Sandbox = self._python
        self.executor: Executor = ThreadPoolExecutor(HEAVY_THREADS, thread_name_prefix="heavy")
        self.loader = Loader(Plans())
        self.bell = bell()
        self.publisher = Publisher(settings.REDIS_URL)
        self.breakers = Breakers(
            connect=partial(connect, "breakers"), redis_url=settings.REDIS_URL, plan=configured_plan()
        )
        self.results = ResultCache(settings.CACHE_URL, secret_key=settings.SECRET_KEY)
        self.registration: Registration | None = None
        self._draining = asyncio.Event()

    async def run(self) -> None:
        """Work until drained, through any number of lost registrations."""
        registry.nodes()
        self.publisher.start()
        self.breakers.start()
        self.results.start()
        previous: uuid.UUID | None = None
        while not self._draining.is_set():
            try:
                self.registration = await Registration.open(self, previous)
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("worker.not_registered", error=type(error).__name__)
                await self._pause()
                continue
            if self._draining.is_set():
                self.registration.drain()
            await self.registration.serve()
            previous = self.registration.lease.id
        await self._close()

    def drain(self) -> None:
        """Leave in good order; `run` ends when everything is handed on."""
        self._draining.set()
        if self.registration is not None:
            self.registration.drain()

    def wake(self, queue: str) -> None:
        if self.registration is not None:
            self.registration.wake(queue)

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RETRY_SECONDS):
                await self._draining.wait()

    async def _close(self) -> None:
        await self.publisher.close()
        await self.breakers.close()
        await self.results.close()
        await self._outbound.close()
        await self._python.close()
        self.executor.shutdown(wait=False, cancel_futures=True)


def served_order(queues: Sequence[str]) -> tuple[str, ...]:
    """Claims look at earlier queues first: whoever waits for an answer goes before everybody else."""
    wanted = [str(queue) for queue in queues]
    first = [str(queue) for queue in (Queue.HIGH_PRIORITY, Queue.WEBHOOK) if queue in wanted]
    return tuple(dict.fromkeys(first + wanted))
