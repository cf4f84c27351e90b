"""Run Flower for the operators' console."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from studio.flower import PREFIX, USER, flower_password


class Command(BaseCommand):
    """Becomes Flower. It keeps its counts in memory and asks the broker again when that was away."""

    help = "Run Flower on loopback; staff reach it at /flower/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port",
            type=int,
            default=settings.STUDIO_FLOWER_PORT,
            help="Loopback port (STUDIO_FLOWER_PORT).",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        environment = {
            **os.environ,
            # Options by environment: the password must not show in the list of processes.
            "FLOWER_BASIC_AUTH": f"{USER}:{flower_password()}",
            "FLOWER_ADDRESS": "127.0.0.1",
            "FLOWER_PORT": str(options["port"]),
            "FLOWER_URL_PREFIX": PREFIX,
            "FLOWER_READ_ONLY": "true",
            "FLOWER_MAX_TASKS": "10000",
        }
        self.stdout.flush()
        os.chdir(settings.BASE_DIR)
        arguments = [
            sys.executable,
            "-m",
            "celery",
            "--quiet",
            "-A",
            "studio.celery",
            "flower",
            "--logging=warning",
        ]
        os.execve(sys.executable, arguments, environment)  # noqa: S606 - no shell; the process becomes Flower
