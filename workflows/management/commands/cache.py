"""The result cache from the command line."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from studio.accounts.access import COMMAND
from studio.accounts.models import Workspace
from workflows.management.reading import add_workspace, told_plainly, workspace_named
from workflows.services import cached
from workflows.services.cached import Selection
from workflows.services.workflows import find_workflow


class Command(BaseCommand):
    """`stats`, `invalidate` and `shadow`, each for one workspace."""

    help = "Show what the result cache saves, drop what it holds, or measure what it would save."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        stats = deeds.add_parser("stats", help="Hits, misses and seconds saved, by kind.")
        stats.add_argument("--days", type=int, default=7, choices=range(1, cached.MOST_DAYS + 1), metavar="N")
        invalidate = deeds.add_parser("invalidate", help="Drop what is kept.")
        selected = invalidate.add_mutually_exclusive_group(required=True)
        selected.add_argument("--kind", help="Of a node kind, such as http.request.")
        selected.add_argument("--workflow", help="Of a workflow, by id or slug.")
        selected.add_argument("--tag", help="With this tag (`cache_tags`).")
        selected.add_argument("--key", help="One output, as a step shows its key, or a `cache_key`.")
        selected.add_argument("--all", action="store_true", help="All of the workspace.")
        invalidate.add_argument("--dry-run", action="store_true", help="Only count.")
        shadow = deeds.add_parser("shadow", help="Measure what a cache would save.")
        shadow.add_argument("--workflow", help="Of one workflow, by id or slug; else of all.")
        shadow.add_argument("--seconds", type=int, default=86_400, help="For how long; 0 stops it.")
        for deed in (stats, invalidate, shadow):
            add_workspace(deed)
            deed.add_argument("--json", action="store_true", help="Print what the API answers.")

    def handle(self, *_args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        with told_plainly():
            answer = {"stats": _stats, "invalidate": _invalidate, "shadow": _shadow}[options["deed"]](
                workspace, options
            )
        self.stdout.write(json.dumps(answer) if options["json"] else _TOLD[options["deed"]](answer))


def _stats(workspace: Workspace, options: dict[str, Any]) -> dict[str, Any]:
    return cached.stats(workspace_id=workspace.pk, days=options["days"])


def _invalidate(workspace: Workspace, options: dict[str, Any]) -> dict[str, Any]:
    given = {name: options[name] for name in cached.SELECTORS}
    if given["workflow"]:
        given["workflow"] = find_workflow(workspace, given["workflow"]).pk
    return cached.invalidate(
        workspace_id=workspace.pk, selection=Selection.of(given), by=COMMAND, dry_run=options["dry_run"]
    )


def _shadow(workspace: Workspace, options: dict[str, Any]) -> dict[str, Any]:
    workflow = find_workflow(workspace, options["workflow"]).pk if options["workflow"] else None
    seconds = min(max(options["seconds"], 0), cached.MOST_MEASURED_SECONDS)
    measured = cached.measure(workspace_id=workspace.pk, workflow_id=workflow, seconds=seconds, by=COMMAND)
    return {"shadow": measured}


def _tell_stats(answer: dict[str, Any]) -> str:
    rows = [*answer["kinds"], {"kind": "all", **answer["total"]}]
    head = f"{answer['entries']} outputs are kept. Since {answer['since']}:"
    return "\n".join([head, *(_row(row) for row in rows)])


def _row(row: dict[str, Any]) -> str:
    served, shadow = row["hits"] + row["stale"] + row["shared"], row["shadow"]
    return (
        f"  {row['kind']:<20} {served:>9} served {row['misses']:>9} called {_percent(row['hit_rate']):>7}"
        f" {row['saved_seconds']:>12.1f} s saved   shadow {_percent(shadow['hit_rate'])} of {shadow['calls']}"
    )


def _tell_invalidated(answer: dict[str, Any]) -> str:
    said = "would be dropped" if answer["dry_run"] else "dropped"
    return f"{answer['entries']} outputs, {answer['bytes']} bytes {said}."


def _tell_shadow(answer: dict[str, Any]) -> str:
    rows = [f"{one['workflow'] or 'the whole workspace'} until {one['until']}" for one in answer["shadow"]]
    return "\n".join(rows) if rows else "Nothing is measured."


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


_TOLD = {"stats": _tell_stats, "invalidate": _tell_invalidated, "shadow": _tell_shadow}
