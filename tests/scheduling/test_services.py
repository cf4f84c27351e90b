"""Schedules follow what is published."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from studio.accounts.models import Workspace
from tests.scheduling.scheduled import access, published, republished
from tests.studio.accounts.people import Person
from workflows.models import Schedule
from workflows.services.workflows import pause_workflow, resume_workflow

pytestmark = pytest.mark.django_db

NOON = {"cron": "0 12 * * *", "timezone": "Europe/Berlin"}
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_publishing_makes_a_schedule_for_each_of_its_triggers(bob: Person) -> None:
    published(bob, noon=NOON, often={"cron": "*/5 * * * *", "misfire": "skip"})

    rows = {row.node: row for row in Schedule.objects.all()}
    assert {node: (row.cron, row.timezone, row.misfire, row.is_active) for node, row in rows.items()} == {
        "noon": ("0 12 * * *", "Europe/Berlin", "once", True),
        "often": ("*/5 * * * *", "UTC", "skip", True),
    }
    assert rows["noon"].next_at is not None
    assert rows["noon"].next_at > datetime.now(UTC)


def test_a_schedule_that_did_not_change_keeps_its_next_firing(bob: Person) -> None:
    workflow = published(bob, noon=NOON, gone=NOON)
    Schedule.objects.update(next_at=LONG_AGO)

    republished(bob, workflow, noon=NOON, new={"cron": "0 1 * * *"})

    assert set(Schedule.objects.values_list("node", flat=True)) == {"noon", "new"}
    assert Schedule.objects.get(node="noon").next_at == LONG_AGO


def test_a_changed_schedule_starts_anew(bob: Person) -> None:
    workflow = published(bob, noon=NOON)
    Schedule.objects.update(next_at=LONG_AGO)

    republished(bob, workflow, noon={**NOON, "timezone": "UTC"})

    assert Schedule.objects.get().next_at > LONG_AGO


def test_what_passed_while_a_workflow_was_paused_was_not_missed(acme: Workspace, bob: Person) -> None:
    workflow = published(bob, noon=NOON)
    pause_workflow(workspace=acme, workflow_id=workflow.pk, by=access(bob))
    paused = Schedule.objects.get()

    resume_workflow(workspace=acme, workflow_id=workflow.pk, by=access(bob))

    assert (paused.is_active, paused.next_at) == (False, None)
    assert Schedule.objects.get().next_at > datetime.now(UTC)
