"""What `up` runs before it starts the processes."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from studio.accounts.services.demo import seed_demo


class Command(BaseCommand):
    """Prints what it made as JSON; login and key appear only in the run that makes them."""

    help = "Apply migrations and, with --demo, seed the demo workspace."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="seed the demo workspace")
        parser.add_argument("--new-secrets", action="store_true", help="replace the demo's password and key")

    def handle(self, *_args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        made: dict[str, str | None] = {}
        if options["demo"]:
            demo = seed_demo(new_secrets=options["new_secrets"])
            made = {"email": demo.user.email, "password": demo.password, "token": demo.token}
        self.stdout.write(json.dumps(made))
