"""Serve the REST API, the console and the page."""

from __future__ import annotations

import contextlib
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Becomes granian: a few threads of one process, since Python runs one at a time anyhow."""

    help = "Serve the REST API, the console and the page over HTTP or a Unix socket."

    def add_arguments(self, parser: ArgumentParser) -> None:
        place = parser.add_mutually_exclusive_group()
        place.add_argument("--bind", default="127.0.0.1:8001", help="host:port (default 127.0.0.1:8001)")
        place.add_argument("--uds", help="Unix socket instead of a port; whoever connects there is trusted.")
        parser.add_argument("--threads", type=int, default=4, help="Requests at once (default 4).")

    def handle(self, *_args: Any, **options: Any) -> None:
        arguments = [
            "--interface",
            "wsgi",
            "--workers",
            "1",
            "--http",
            "1",
            "--no-ws",
            "--log-level",
            "warning",
        ]
        arguments += ["--blocking-threads", str(options["threads"]), "--workers-kill-timeout", "10"]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "studio.settings"}
        if options["uds"]:
            _clear(Path(options["uds"]))
            arguments += ["--uds", options["uds"], "--uds-permissions", "0o600"]
            environment["STUDIO_BEHIND_PROXY"] = "true"
        else:
            host, _, port = options["bind"].rpartition(":")
            if not host or not port.isdigit():
                raise CommandError(f"--bind {options['bind']}: use host:port, such as 127.0.0.1:8001")
            arguments += ["--host", host.strip("[]"), "--port", port]
        with contextlib.suppress(OSError):  # an image may have collected its static files and be read-only
            Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
        self.stdout.flush()
        command = [sys.executable, "-m", "granian", *arguments, "studio.wsgi:application"]
        os.chdir(settings.BASE_DIR)
        os.execve(sys.executable, command, environment)  # noqa: S606 - no shell; the process becomes the server


def _clear(path: Path) -> None:
    """Remove the socket that a killed server left behind: granian would refuse its address for ever."""
    if path.is_socket():
        path.unlink()
