"""Waiting for an execution to end, for callers that block: a command, or a request with `?wait=`."""

from __future__ import annotations

import threading
import time
import uuid
from types import TracebackType
from typing import Final

import structlog
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from studio.kernel.keys import WATCHED_SECONDS, execution_channel, watched_key
from workflows.models import Execution
from workflows.models.execution import FINAL_STATUSES

log = structlog.get_logger()

LOOK_SECONDS: Final = 1.0
"""How long an end may go unheard; events tell of it within milliseconds."""
LOOK_WITHOUT_EVENTS_SECONDS: Final = 0.1


class Ending:
    """The end of one execution, still to come: hears its events and reads its row.

    Where Valkey is away, it looks at the row alone.
    """

    def __init__(self, execution_id: uuid.UUID) -> None:
        self._id = execution_id
        self._redis = Redis.from_url(
            settings.REDIS_URL, socket_timeout=LOOK_SECONDS, socket_connect_timeout=LOOK_SECONDS
        )
        self._events = self._redis.pubsub()  # type: ignore[no-untyped-call]
        self._hears = True

    def __enter__(self) -> Ending:
        try:
            self._announce()
            self._events.subscribe(execution_channel(self._id))
            self._events.get_message(timeout=LOOK_SECONDS)
        except RedisError as error:
            self._deaf(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._events.close()
        self._redis.close()

    def await_end(self, seconds: float) -> bool:
        """Whether it ended within `seconds`."""
        deadline = time.monotonic() + seconds
        while not self._has_ended():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._hear(min(left, LOOK_SECONDS))
        return True

    def _has_ended(self) -> bool:
        return Execution.objects.filter(pk=self._id, status__in=FINAL_STATUSES).exists()

    def _hear(self, seconds: float) -> None:
        if self._hears:
            try:
                self._events.get_message(timeout=seconds)
                self._announce()
            except RedisError as error:
                self._deaf(error)
        else:
            threading.Event().wait(min(seconds, LOOK_WITHOUT_EVENTS_SECONDS))

    def _announce(self) -> None:
        """Say that somebody watches: events of executions that nobody watches are not published."""
        self._redis.set(watched_key(self._id), b"1", ex=WATCHED_SECONDS)

    def _deaf(self, error: RedisError) -> None:
        log.warning("outcome.unheard", error=type(error).__name__)
        self._hears = False
