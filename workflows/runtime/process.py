"""The engine inside a Celery worker: its loop on a thread of its own, woken by doorbell tasks of the pool."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Sequence

import structlog
import uvloop

from workflows.runtime.engine import Engine

log = structlog.get_logger()

GC_THRESHOLDS = (20_000, 20, 50)


class EngineThread:
    """Start it before the Celery worker, drain it when that shuts down, join it last."""

    def __init__(self, *, queues: Sequence[str], slots: int) -> None:
        self._queues = queues
        self._slots = slots
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None
        self._thread = threading.Thread(target=self._main, name="engine")
        self._told_to_leave = False
        self.crashed = False

    def start(self) -> None:
        _current.thread = self
        self._thread.start()
        self._ready.wait()

    def wake(self, queue: str) -> None:
        if self._engine is not None:
            self._call(self._engine.wake, queue)

    def drain(self) -> None:
        self._told_to_leave = True
        if self._engine is not None:
            self._call(self._engine.drain)

    def join(self) -> None:
        self._thread.join()

    def _call(self, function: object, *arguments: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)  # type: ignore[arg-type]

    def _main(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except Exception:
            log.exception("engine.crashed")
            self.crashed = True
        finally:
            self._ready.set()
            if not self._told_to_leave:
                # The Celery worker around us must not go on without an engine. It sits in a system call of
                # the main thread, which only a signal to that very thread interrupts.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        # What is loaded by now stays; full collections that walk it again and again would stop the loop.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        self._engine = Engine(queues=self._queues, slots=self._slots)
        self._ready.set()
        await self._engine.run()


class _Current:
    thread: EngineThread | None = None


_current = _Current()


def wake(queue: str) -> None:
    """Wake this process's engine, if it has one."""
    if _current.thread is not None:
        _current.thread.wake(queue)
