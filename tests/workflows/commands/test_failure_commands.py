"""`manage.py errors` and `jobs`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from studio.accounts.models import Workspace
from studio.security.models import AuditEntry
from tests.workflows.failures import failed, group_of
from workflows.models import ErrorGroup, Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> ErrorGroup:
    return group_of(failed(Workspace.objects.create(slug="acme", name="Acme"), "order 7 not found"))


def said(*command: str) -> str:
    output = StringIO()
    call_command(*command, "--workspace", "acme", stdout=output)
    return output.getvalue()


def test_groups_are_told_in_lines_and_as_json(group: ErrorGroup) -> None:
    assert str(group.pk) in said("errors", "list")
    assert [one["id"] for one in json.loads(said("errors", "list", "--json", "--state", "new"))] == [
        str(group.pk)
    ]
    assert said("errors", "list", "--state", "resolved") == "Nothing has failed.\n"


def test_a_group_is_settled(group: ErrorGroup) -> None:
    states = [
        json.loads(said("errors", *deed, str(group.pk), "--json"))["state"]
        for deed in (["resolve"], ["reopen"], ["ignore", "--hours", "2"])
    ]

    assert states == ["resolved", "ongoing", "ignored"]
    assert {entry.actor_name for entry in AuditEntry.objects.filter(target_id=str(group.pk))} == {
        "command line"
    }


def test_a_retry_is_looked_at_first_and_then_watched(group: ErrorGroup) -> None:
    looked = json.loads(said("errors", "retry", str(group.pk), "--dry-run"))
    assert (looked["total"], Job.objects.count()) == (1, 0)

    told = said("errors", "retry", str(group.pk), "--version", "published", "--canary", "1")

    job = Job.objects.get()
    assert (job.options, job.canary) == ({"version": "published"}, [1])
    assert str(job.pk) in told
    assert "0 of 1 done" in said("jobs", "list")
    assert json.loads(said("jobs", "pause", str(job.pk), "--json"))["state"] == "paused"
    assert "running" in said("jobs", "continue", str(job.pk))
    assert "aborted" in said("jobs", "abort", str(job.pk))
    assert "aborted" in said("jobs", "show", str(job.pk))


@pytest.mark.parametrize("command", ["errors resolve", "errors retry", "jobs show", "jobs abort"])
def test_what_is_not_there_is_said_plainly(group: ErrorGroup, command: str) -> None:
    with pytest.raises(CommandError, match=r"No .* with this id"):
        said(*command.split(), "0199a0b0-c0d0-7e0f-8a0b-0c0d0e0f0a0b")
