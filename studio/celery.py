"""The Celery application: it carries doorbells and housekeeping, never the work of an execution.

Messages are acknowledged when they are received, so no visibility time-out can repeat or lose work: what has to
happen is a row, and a message only says "look".
"""

from __future__ import annotations

import os

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

from django.conf import settings

from studio.operations.queues import QUEUES, broker_queue

app = Celery("studio")
app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"socket_timeout": 30, "socket_connect_timeout": 5, "retry_on_timeout": True},
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_acks_late=False,
    task_queues=[
        Queue(
            broker_queue(name, settings.STUDIO_REGION), routing_key=broker_queue(name, settings.STUDIO_REGION)
        )
        for name in QUEUES
    ],
    task_default_queue=broker_queue("default", settings.STUDIO_REGION),
    task_default_exchange="",
    task_default_exchange_type="direct",
    task_create_missing_queues=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    enable_utc=True,
    timezone="UTC",
)
app.autodiscover_tasks(["workflows", "webhooks", "studio.operations"])
