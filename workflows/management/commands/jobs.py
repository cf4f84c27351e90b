"""Jobs from the command line."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from studio.accounts.access import COMMAND
from studio.accounts.models import Workspace
from studio.common.renderers import dumps
from studio.kernel.errors import NotFound
from workflows.api.job_serializers import JobSerializer
from workflows.management.reading import add_workspace, told_plainly, workspace_named
from workflows.models import Job
from workflows.services.jobs import abort_job, continue_job, pause_job

MOST_LISTED = 50
_CHANGES = {"pause": pause_job, "continue": continue_job, "abort": abort_job}


class Command(BaseCommand):
    """`list`, `show`, `pause`, `continue` and `abort`, each for one workspace."""

    help = "Show how far deeds to many executions are, and have a say in them."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        made = [deeds.add_parser("list", help="Newest first.")]
        for name in ("show", *_CHANGES):
            deed = deeds.add_parser(name)
            deed.add_argument("job", type=uuid.UUID, help="Its id.")
            made.append(deed)
        for deed in made:
            add_workspace(deed)
            deed.add_argument("--json", action="store_true", help="Print what the API answers.")

    def handle(self, *_args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        with told_plainly():
            found = _chosen(workspace, options)
        if not options["json"]:
            self.stdout.write("\n".join(_told(job) for job in found) or "There is no job.")
            return
        shown = [JobSerializer(job).data for job in found]
        self.stdout.write(dumps(shown if options["deed"] == "list" else shown[0]).decode())


def _chosen(workspace: Workspace, options: dict[str, Any]) -> list[Job]:
    jobs = Job.objects.filter(workspace=workspace).order_by("-pk")
    if options["deed"] == "list":
        return list(jobs[:MOST_LISTED])
    if options["deed"] in _CHANGES:
        return [_CHANGES[options["deed"]](workspace=workspace, job_id=options["job"], by=COMMAND)]
    job = jobs.filter(pk=options["job"]).first()
    if job is None:
        raise NotFound(what="job")
    return [job]


def _told(job: Job) -> str:
    counts = (
        f"{job.done} of {job.total} done, {job.started} at work, {job.failed} failed, {job.skipped} skipped"
    )
    why = "" if job.stop_reason is None else f" ({job.stop_reason['code']})"
    return f"{job.pk}  {job.verb:<8} {job.state}{why}: {counts}"
