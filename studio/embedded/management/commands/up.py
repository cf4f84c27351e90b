"""Run all of Studio on this machine."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from studio.embedded import up
from studio.embedded.home import CHECKOUT


class Command(BaseCommand):
    """Becomes `python -m studio.embedded up`: a supervisor that has loaded Django would only be larger."""

    help = (
        "Start stores, web, ingress, workers, scheduler and Flower under one supervisor; Ctrl-C stops it all."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        up.add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        arguments = []
        for name in ("port", "host", "home", "workers"):
            if options[name] is not None:
                arguments += [f"--{name}", str(options[name])]
        arguments += [f"--{name.replace('_', '-')}" for name in ("no_demo", "reset") if options[name]]
        self.stdout.flush()
        os.chdir(CHECKOUT)
        command = [sys.executable, "-m", "studio.embedded", "up", *arguments]
        os.execv(sys.executable, command)  # noqa: S606 - no shell; the process becomes the supervisor
