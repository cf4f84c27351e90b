"""Look an installation over."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from studio.doctor import Verdict, examine

_SIGNS = {Verdict.OK: "ok     ", Verdict.WARNING: "warning", Verdict.FAILED: "FAILED "}


class Command(BaseCommand):
    """Exit code 1 when something failed; warnings alone are 0."""

    help = "Check stores, clock, migrations, partitions, broker settings, sandbox and disk."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print the findings as JSON.")

    def handle(self, *_args: Any, **options: Any) -> None:
        findings = examine()
        healthy = all(finding.verdict is not Verdict.FAILED for finding in findings)
        if options["json"]:
            document = {"healthy": healthy, "findings": [asdict(finding) for finding in findings]}
            self.stdout.write(json.dumps(document, indent=2))
        else:
            for finding in findings:
                self.stdout.write(f"{_SIGNS[finding.verdict]}  {finding.check:<16} {finding.detail}")
        if not healthy:
            sys.exit(1)
