"""`manage.py ingress`: the front door of an installation."""

from __future__ import annotations

import gc
import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from studio.common import logs


class Command(BaseCommand):
    help = "Serve hooks, runs and sockets, and forward everything else to Django."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--fd", type=int, help="A listening socket that the parent process opened.")
        parser.add_argument(
            "--django", default=settings.STUDIO_DJANGO_URL, help="http://host:port or unix:/path"
        )

    def handle(self, *, host: str, port: int, fd: int | None, django: str, **_options: Any) -> None:
        if not django.startswith(("http://", "unix:")):
            raise CommandError("--django: use http://host:port or unix:/path")
        logs.configure()
        from studio.ingress.application import create_application
        from studio.ingress.server import create_server

        server = create_server(create_application(django), host=host, port=port)
        # What is loaded by now stays: the collector need not walk it while requests wait.
        gc.collect()
        gc.freeze()
        server.run(sockets=None if fd is None else [socket.socket(fileno=fd)])
