"""Write a workflow to a file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows.management.reading import add_workspace, told_plainly, workspace_named
from workflows.services.exchange import FORMATS, export_document, write_document
from workflows.services.versions import definition_named
from workflows.services.workflows import find_workflow


class Command(BaseCommand):
    help = "Print a workflow as YAML or JSON, ready for import_workflow."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workflow", help="Id or slug.")
        add_workspace(parser)
        parser.add_argument("--which", default="draft", help="draft, published or a number.")
        parser.add_argument("--format", default="yaml", choices=FORMATS, help="Default: yaml.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["which"] not in ("draft", "published") and not options["which"].isdigit():
            raise CommandError("--which takes draft, published or a number.")
        workspace = workspace_named(options["workspace"])
        with told_plainly():
            workflow = find_workflow(workspace, options["workflow"])
            document = export_document(workflow, definition_named(workflow, options["which"]))
        self.stdout.write(write_document(document, options["format"]), ending="")
