"""Start an execution from the command line."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from studio.accounts.models import Workspace
from workflows.management.reading import add_workspace, read_file, read_json, told_plainly, workspace_named
from workflows.services.executions import describe_execution, get_execution
from workflows.services.outcomes import Ending
from workflows.services.runs import start_execution
from workflows.services.submission import RunRequest
from workflows.services.workflows import find_workflow

MOST_SECONDS = 3600.0


class Command(BaseCommand):
    """With --wait the exit code says how it ended: 0 for `succeeded`, 1 for anything else."""

    help = "Run a workflow by id or slug, or an unsaved definition from a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workflow", help="A file with a definition, or a workflow's id or slug.")
        add_workspace(parser)
        parser.add_argument("--input", default="null", help="JSON; @FILE reads it from a file.")
        parser.add_argument("--trigger", help="Which trigger node starts it.")
        parser.add_argument("--wait", action="store_true", help="Wait for the end and print the output.")
        parser.add_argument("--json", action="store_true", help="Print the execution as the API shows it.")

    def handle(self, *_args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        with told_plainly():
            execution_id = _start(workspace, options)
        if not options["wait"]:
            self.stdout.write(json.dumps({"id": str(execution_id)}) if options["json"] else str(execution_id))
            return
        with Ending(execution_id) as ending:
            ending.await_end(MOST_SECONDS)
        shown = describe_execution(get_execution(workspace=workspace, execution_id=execution_id))
        succeeded = shown["status"] == "succeeded"
        wanted = shown if options["json"] else shown["output"] if succeeded else shown["error"]
        self.stdout.write(json.dumps(wanted, indent=2, ensure_ascii=False, default=str))
        if not succeeded:
            sys.exit(1)


def _start(workspace: Workspace, options: dict[str, Any]) -> uuid.UUID:
    file = Path(options["workflow"])
    workflow = None if file.is_file() else find_workflow(workspace, options["workflow"])
    request = RunRequest(
        input=read_json(options["input"]),
        trigger=options["trigger"],
        definition=None if workflow else read_file(options["workflow"]).definition,
    )
    return start_execution(
        workspace_id=workspace.pk,
        region=workspace.region,
        request=request,
        workflow_id=workflow.pk if workflow else None,
        waiting=options["wait"],
    ).execution_id
