"""`manage.py scheduler`: starts what is due, and keeps house."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import uvloop
from django.core.management.base import BaseCommand

from studio.common import logs
from studio.common.metrics import serve_process_metrics
from studio.operations import partitions
from workflows.runtime.doorbell import bell
from workflows.scheduling.loop import Scheduler
from workflows.services.duties import DUTIES


class Command(BaseCommand):
    help = "Start due schedules on time and keep house. Any number of schedulers may run."
    requires_system_checks: list[str] = []

    def handle(self, **_options: Any) -> None:
        logs.configure()
        serve_process_metrics()
        uvloop.run(_run())


async def _run() -> None:
    scheduler = Scheduler(bell(), upkeep=[partitions.DUTY, *DUTIES])
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, scheduler.stop)
    await scheduler.run()
