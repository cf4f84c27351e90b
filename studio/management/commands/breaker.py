"""See and force circuit breakers."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from studio.accounts.access import COMMAND
from studio.accounts.models import Workspace
from studio.kernel.clock import rfc3339
from studio.kernel.errors import StudioError
from studio.operations.breaker_address import BreakerAddress, address_of_key
from studio.operations.models import Breaker
from studio.operations.services.breakers import breakers_of, force_breaker
from workflows.services.breakers import has_breaker


class Command(BaseCommand):
    """`breaker list | open KEY | close KEY | reset KEY`."""

    help = "List breakers; hold one open or closed; reset one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        listing = deeds.add_parser("list", help="Every breaker that ever failed or was forced.")
        listing.add_argument("--phase", choices=Breaker.Phase.values)
        for deed, help_text in (
            ("open", "Let no call pass."),
            ("close", "Let every call pass."),
            ("reset", "Forget failures and what was forced."),
        ):
            forcing = deeds.add_parser(deed, help=help_text)
            forcing.add_argument("key", help="Such as http.request:api.example.com:443.")
            forcing.add_argument("--reason", default="", help="Kept in the audit trail.")
            if deed != "reset":
                forcing.add_argument("--expires-in", type=float, metavar="SECONDS")
        for each in deeds.choices.values():
            each.add_argument("--workspace", default="demo", help="Slug of the workspace (default: demo).")
            each.add_argument("--json", action="store_true", help="Print JSON.")

    def handle(self, *_args: Any, **options: Any) -> None:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['workspace']}.")
        if options["deed"] == "list":
            rows = breakers_of(workspace.pk).order_by("key")
            self._list(rows.filter(phase=options["phase"]) if options["phase"] else rows, options["json"])
            return
        address = address_of_key(workspace.pk, options["key"])
        if address is None or not has_breaker(address.kind):
            raise CommandError(f"No call has the breaker {options['key']}.")
        self._tell([self._force(address, options)], options["json"])

    def _force(self, address: BreakerAddress, options: dict[str, Any]) -> Breaker:
        seconds = options.get("expires_in")
        if seconds is not None and not 0 < seconds < float("inf"):
            raise CommandError("--expires-in: use a number of seconds above 0.")
        try:
            return force_breaker(
                address=address,
                deed=options["deed"],
                by=COMMAND,
                reason=options["reason"],
                expires_in=seconds,
            )
        except StudioError as error:
            raise CommandError(error.detail) from error

    def _list(self, rows: QuerySet[Breaker], as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([_document(row) for row in rows]))
        else:
            self._tell(list(rows), as_json=False)

    def _tell(self, rows: list[Breaker], as_json: bool) -> None:
        for row in rows:
            shown = _document(row)
            if as_json:
                self.stdout.write(json.dumps(shown))
                continue
            forced = f" held by {row.set_by}: {row.reason}" if shown["forced"] else ""
            until = f" until {shown['until']}" if shown["until"] else ""
            self.stdout.write(f"{row.phase:<9} {row.key}{until}{forced}")


def _document(row: Breaker) -> dict[str, Any]:
    state = row.machine
    return {
        "key": row.key,
        "shared": row.workspace_id is None,
        "phase": row.phase,
        "forced": state.forced,
        "reason": row.reason,
        "set_by": row.set_by,
        "since": rfc3339(row.since),
        "until": None if row.until is None else rfc3339(row.until),
        "trips": state.trips,
        "refused": state.refused,
    }
