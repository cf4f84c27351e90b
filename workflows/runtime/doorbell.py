"""Publishing doorbell messages: Celery tasks that name a queue and carry nothing else.

A bell is rung at most every few milliseconds per queue, so on Valkey its message is written ready-made (a tenth
of the cost of `apply_async`); any other broker gets it through kombu.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import socket
import threading
import uuid
from typing import Any

from django.conf import settings
from kombu import Connection, Exchange, Producer
from redis import Redis

from studio.operations.queues import broker_queue
from workflows.runtime.bell import Bell

TASK = "workflows.doorbell"
BROKER_SECONDS = 2.0
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


class _Publisher:
    """Sends one message per call; a broken connection is opened again by the next one."""

    def __init__(self, broker_url: str, region: str) -> None:
        self._broker_url = broker_url
        self._region = region
        self._origin = f"{socket.gethostname()}-{os.getpid()}"
        self._redis: Redis | None = None
        self._producer: Producer | None = None

    def __call__(self, queue: str) -> None:
        routing_key = broker_queue(queue, self._region)
        if self._broker_url.startswith(_REDIS_SCHEMES):
            self._push(queue, routing_key)
        else:
            self._publish(queue, routing_key)

    def _push(self, queue: str, routing_key: str) -> None:
        if self._redis is None:
            self._redis = Redis.from_url(
                self._broker_url, socket_timeout=BROKER_SECONDS, socket_connect_timeout=BROKER_SECONDS
            )
        self._redis.lpush(routing_key, envelope(queue, routing_key, self._origin))

    def _publish(self, queue: str, routing_key: str) -> None:
        if self._producer is None:
            connection = Connection(self._broker_url, connect_timeout=BROKER_SECONDS)
            self._producer = Producer(connection, exchange=Exchange(""), auto_declare=False)
        task_id = str(uuid.uuid4())
        try:
            self._producer.publish(
                _body(queue),
                routing_key=routing_key,
                headers=_headers(queue, task_id, self._origin),
                correlation_id=task_id,
                content_type="application/json",
                content_encoding="utf-8",
            )
        except Exception:
            self._producer = None
            raise


def envelope(queue: str, routing_key: str, origin: str) -> str:
    """The message as kombu's Redis transport lays it into its list."""
    task_id = str(uuid.uuid4())
    return json.dumps(
        {
            "body": base64.b64encode(_body(queue).encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": _headers(queue, task_id, origin),
            "properties": {
                "correlation_id": task_id,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": routing_key},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid.uuid4()),
            },
        }
    )


def _body(queue: str) -> str:
    return json.dumps([[queue], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])


def _headers(queue: str, task_id: str, origin: str) -> dict[str, Any]:
    return {
        "lang": "py", "task": TASK, "id": task_id, "root_id": task_id, "parent_id": None, "group": None,
        "argsrepr": repr((queue,)), "kwargsrepr": "{}", "origin": origin, "retries": 0, "eta": None,
        "expires": None, "timelimit": [None, None], "ignore_result": True, "shadow": None,
    }  # fmt: skip


def publisher() -> _Publisher:
    return _Publisher(settings.BROKER_URL, settings.STUDIO_REGION)


_starting = threading.Lock()


@functools.cache
def _bell(process_id: int) -> Bell:
    return Bell(publisher())


def bell() -> Bell:
    """The bell of this process, made on first use: a thread does not survive a fork."""
    with _starting:
        return _bell(os.getpid())
