"""Seal every credential with the newest key."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from studio.accounts.access import COMMAND
from studio.security.services.credentials import reseal_credentials


class Command(BaseCommand):
    """Afterwards the older keys may leave STUDIO_ENCRYPTION_KEYS."""

    help = "Seal with the first key of STUDIO_ENCRYPTION_KEYS whatever an older key sealed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only count.")
        parser.add_argument("--json", action="store_true", help="Answer as JSON.")

    def handle(self, *_args: Any, **options: Any) -> None:
        count = reseal_credentials(by=COMMAND, dry_run=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps({"resealed": count, "dry_run": options["dry_run"]}))
            return
        deed = "would be sealed again" if options["dry_run"] else "are sealed with the newest key now"
        self.stdout.write(f"{count} credentials {deed}.")
