"""Error groups from the command line."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from studio.accounts.access import COMMAND
from studio.accounts.models import Workspace
from studio.common.renderers import dumps
from studio.kernel.clock import utcnow
from workflows.api.error_serializers import ErrorGroupSerializer
from workflows.api.job_serializers import JobSerializer
from workflows.management.reading import add_workspace, told_plainly, workspace_named
from workflows.models import ErrorGroup, Job
from workflows.services import error_groups
from workflows.services.jobs import CANARY, PER_SECOND, look_ahead
from workflows.services.resume import SAME

MOST_LISTED = 200


class Command(BaseCommand):
    """`list`, `resolve`, `ignore`, `reopen` and `retry`, each for one workspace."""

    help = "Show which failures are alike, settle them, and go on with all executions of a group after a fix."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        listing = deeds.add_parser("list", help="Newest first.")
        listing.add_argument("--state", choices=ErrorGroup.State.values)
        ignore = deeds.add_parser("ignore", help="Leave one alone: for a while, for a count, or for good.")
        ignore.add_argument("--hours", type=float, help="For so long.")
        ignore.add_argument("--count", type=int, help="Until it was seen so often more.")
        retry = deeds.add_parser(
            "retry", help="Go on with all its executions from where each failed, as a job."
        )
        retry.add_argument("--version", default=SAME, help="same, draft, published or a number.")
        retry.add_argument("--canary", type=int, nargs="*", default=list(CANARY), metavar="N")
        retry.add_argument("--per-second", type=int, default=PER_SECOND)
        retry.add_argument("--dry-run", action="store_true", help="Only count.")
        resolve = deeds.add_parser("resolve", help="Say that one is put right.")
        reopen = deeds.add_parser("reopen", help="Take back that one was resolved or ignored.")
        for deed in (ignore, retry, resolve, reopen):
            deed.add_argument("group", type=uuid.UUID, help="Its id.")
        for deed in (listing, ignore, retry, resolve, reopen):
            add_workspace(deed)
            deed.add_argument("--json", action="store_true", help="Print what the API answers.")

    def handle(self, *_args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        with told_plainly():
            answer = _DEEDS[options["deed"]](workspace, options)
        self.stdout.write(dumps(_shown(answer)).decode() if options["json"] else _told(answer))


def _list(workspace: Workspace, options: dict[str, Any]) -> list[ErrorGroup]:
    groups = ErrorGroup.objects.filter(workspace=workspace).order_by("-pk")
    if options["state"]:
        groups = groups.filter(state=options["state"])
    return list(groups[:MOST_LISTED])


def _resolve(workspace: Workspace, options: dict[str, Any]) -> ErrorGroup:
    return error_groups.resolve_group(workspace=workspace, group_id=options["group"], by=COMMAND)


def _reopen(workspace: Workspace, options: dict[str, Any]) -> ErrorGroup:
    return error_groups.reopen_group(workspace=workspace, group_id=options["group"], by=COMMAND)


def _ignore(workspace: Workspace, options: dict[str, Any]) -> ErrorGroup:
    until = None if options["hours"] is None else utcnow() + timedelta(hours=options["hours"])
    return error_groups.ignore_group(
        workspace=workspace, group_id=options["group"], by=COMMAND, until=until, count=options["count"]
    )


def _retry(workspace: Workspace, options: dict[str, Any]) -> Job | dict[str, Any]:
    version = options["version"]
    group = error_groups.get_error_group(workspace=workspace, group_id=options["group"])
    request = error_groups.retry_request(
        group,
        version=int(version) if version.isdecimal() else version,
        canary=options["canary"],
        per_second=options["per_second"],
    )
    if options["dry_run"]:
        return look_ahead(request)
    return error_groups.retry_group(workspace=workspace, group=group, request=request, by=COMMAND)


_DEEDS = {"list": _list, "resolve": _resolve, "reopen": _reopen, "ignore": _ignore, "retry": _retry}


def _shown(answer: Any) -> Any:
    match answer:
        case list():
            return [_shown(one) for one in answer]
        case ErrorGroup():
            return ErrorGroupSerializer(answer).data
        case Job():
            return JobSerializer(answer).data
    return answer


def _told(answer: Any) -> str:
    match answer:
        case list():
            return "\n".join(_told(one) for one in answer) or "Nothing has failed."
        case ErrorGroup():
            return f"{answer.pk}  {answer.state:<9} {answer.count:>7}  {answer.kind:<16} {answer}"
        case Job():
            return f"Job {answer.pk}: {answer.total} executions. Watch it: manage.py jobs show {answer.pk}"
    return json.dumps(answer, default=str)
