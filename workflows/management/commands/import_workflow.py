"""Bring a workflow in from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils.text import slugify

from studio.accounts.access import COMMAND
from studio.accounts.models import Workspace
from workflows.management.reading import add_workspace, read_file, told_plainly, workspace_named
from workflows.models import Workflow
from workflows.services.exchange import Imported
from workflows.services.versions import publish_workflow
from workflows.services.workflows import create_workflow, update_workflow


class Command(BaseCommand):
    """A workflow with the same slug gets the file's draft; importing twice makes no second one."""

    help = "Make or update a workflow from a JSON or YAML file and print its id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="JSON or YAML, as export_workflow writes it.")
        add_workspace(parser)
        parser.add_argument("--slug", help="Default: made of the name, else of the file's.")
        parser.add_argument("--publish", action="store_true", help="Publish it as well.")
        parser.add_argument("--dry-run", action="store_true", help="Check everything and change nothing.")
        parser.add_argument("--json", action="store_true", help="Print id, slug and problems as JSON.")

    def handle(self, *_args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        with told_plainly(), transaction.atomic():
            imported = read_file(options["file"])
            name = imported.name or Path(options["file"]).stem
            workflow = _saved(workspace, imported, name, options["slug"] or slugify(name))
            if options["publish"]:
                publish_workflow(workspace=workspace, workflow_id=workflow.pk, by=COMMAND)
            if options["dry_run"]:
                transaction.set_rollback(True)
        if options["json"]:
            shown = {"id": str(workflow.pk), "slug": workflow.slug, "problems": workflow.problems}
            self.stdout.write(json.dumps(shown))
            return
        for problem in workflow.problems:
            self.stderr.write(f"{problem['pointer']}: {problem['detail']}")
        self.stdout.write(str(workflow.pk))


def _saved(workspace: Workspace, imported: Imported, name: str, slug: str) -> Workflow:
    existing = Workflow.objects.filter(workspace=workspace, slug=slug).first()
    if existing is None:
        return create_workflow(
            workspace=workspace,
            by=COMMAND,
            name=name,
            slug=slug,
            description=imported.description,
            tags=imported.tags,
            definition=imported.definition,
        )
    changes: dict[str, Any] = {"definition": imported.definition}
    if imported.name is not None:
        changes |= {"name": name, "description": imported.description, "tags": imported.tags}
    return update_workflow(
        workspace=workspace, workflow_id=existing.pk, revision=None, changes=changes, by=COMMAND
    )
