"""`manage.py worker --queues a,b --slots N`: a Celery worker around one engine."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import Any

from celery.signals import worker_shutting_down
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from studio.celery import app
from studio.common.metrics import serve_process_metrics
from studio.operations.queues import QUEUES, broker_queue
from workflows.runtime.process import EngineThread

DOORBELL_THREADS = 2


class Command(BaseCommand):
    help = "Run executions of the named queues until SIGTERM, then hand on what is not finished."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--queues", default="high_priority,default", help=f"comma list of {', '.join(QUEUES)}"
        )
        parser.add_argument(
            "--slots", type=int, default=settings.STUDIO_WORKER_SLOTS, help="executions held at once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        queues = _queues(options["queues"])
        engine = EngineThread(queues=queues, slots=options["slots"])
        worker_shutting_down.connect(lambda **_: engine.drain(), weak=False)
        worker = app.Worker(
            pool="threads",
            concurrency=DOORBELL_THREADS,
            queues=[broker_queue(queue, settings.STUDIO_REGION) for queue in queues],
            hostname=f"{'-'.join(queues)}-{os.getpid()}@{os.uname().nodename}",
            loglevel=settings.STUDIO_LOG_LEVEL,
            without_gossip=True,
            without_mingle=True,
            optimization="fair",
        )
        # A line or two for every doorbell would be most of the log.
        for logger in ("celery.worker.strategy", "celery.app.trace"):
            logging.getLogger(logger).setLevel(logging.WARNING)
        serve_process_metrics()
        engine.start()
        try:
            worker.start()
        finally:
            engine.drain()
            engine.join()
        sys.exit(1 if engine.crashed else worker.exitcode or 0)


def _queues(text: str) -> list[str]:
    queues = [word.strip() for word in text.split(",") if word.strip()]
    unknown = [queue for queue in queues if queue not in QUEUES]
    if unknown or not queues:
        raise CommandError(f"--queues: use a comma list of {', '.join(QUEUES)}, not {text!r}.")
    return queues
