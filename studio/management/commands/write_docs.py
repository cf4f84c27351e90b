"""Write the pages that are made from declarations."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from studio.documentation import stale_pages


class Command(BaseCommand):
    help = "Write docs/settings.md, docs/nodes.md, docs/reference/functions.md and .env.example."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; exit 1 when a page is stale."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        stale = stale_pages(settings.BASE_DIR)
        for path, text in stale.items():
            if not options["check"]:
                (settings.BASE_DIR / path).write_text(text, encoding="utf-8")
            self.stdout.write(f"{'stale' if options['check'] else 'wrote'} {path}")
        if stale and options["check"]:
            sys.exit(1)
