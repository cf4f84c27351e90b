"""The doorbell: a Celery message that names a queue and wakes a worker of it.

A bell carries no work. One that is lost is rung again by the sweepers, one that is doubled finds nothing.
Ringing happens on a thread of its own, because a broker that is away blocks its caller; rings of one queue
that come while the broker is busy become one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import structlog

log = structlog.get_logger()

QUIET_SECONDS = 0.005


class Bell:
    """Rings queues without ever blocking or failing the caller."""

    def __init__(self, publish: Callable[[str], None]) -> None:
        self._publish = publish
        self._wanted: set[str] = set()
        self._condition = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
        self._thread.start()

    def ring(self, queues: Iterable[str]) -> None:
        with self._condition:
            self._wanted.update(queues)
            self._condition.notify()

    def close(self) -> None:
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._wanted and not self._closing:
                    self._condition.wait()
                queues, self._wanted = self._wanted, set()
                if self._closing and not queues:
                    return
            for queue in queues:
                self._ring_one(queue)
            with self._condition:
                # Rings that follow at once join the next message instead of becoming one each.
                self._condition.wait_for(lambda: self._closing, timeout=QUIET_SECONDS)

    def _ring_one(self, queue: str) -> None:
        try:
            self._publish(queue)
        except Exception as error:  # noqa: BLE001 - the broker may fail in any way; the sweepers ring again
            log.warning("bell.not_rung", queue=queue, error=type(error).__name__)
