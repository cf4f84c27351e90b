"""The time an execution runs, against its timeout: waiting does not count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Stopwatch:
    """Call `on_limit` once the running time reaches `limit` seconds (None: never)."""

    __slots__ = ("_limit", "_loop", "_on_limit", "_since", "_timer", "_used")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_limit: Callable[[], None], limit: float | None
    ) -> None:
        self._loop = loop
        self._on_limit = on_limit
        self._limit = limit
        self._used = 0.0
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def seconds(self) -> float:
        running = 0.0 if self._since is None else self._loop.time() - self._since
        return self._used + running

    def start(self) -> None:
        if self._since is not None:
            return
        self._since = self._loop.time()
        if self._limit is not None:
            self._timer = self._loop.call_later(max(self._limit - self._used, 0.0), self._reached)

    def stop(self) -> None:
        self._used, self._since = self.seconds, None
        self._cancel()

    def close(self) -> None:
        self._limit = None
        self._cancel()

    def _reached(self) -> None:
        self._limit = self._timer = None
        self._on_limit()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
