"""What is due is started exactly once, by however many schedulers, and on time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from studio.common.committer import Connection
from studio.common.models import IdempotencyKey
from studio.kernel import codec
from studio.kernel.clock import rfc3339, utcnow
from tests.scheduling.scheduled import access, due_since, published
from tests.studio.accounts.people import Person
from workflows.models import Execution, Payload, Schedule
from workflows.runtime.bell import Bell
from workflows.runtime.connect import connect
from workflows.scheduling import loop
from workflows.scheduling.firing import fire_due
from workflows.scheduling.loop import Scheduler, drop_expired, sweep
from workflows.services.workflows import pause_workflow

pytestmark = pytest.mark.django_db(transaction=True)

EVERY_MINUTE = {"cron": "* * * * *"}


def with_connections(count: int, work: Callable[[Connection], Awaitable[Any]]) -> list[Any]:
    async def run() -> list[Any]:
        connections = [await connect("test") for _ in range(count)]
        try:
            return list(await asyncio.gather(*(work(connection) for connection in connections)))
        finally:
            for connection in connections:
                await connection.close()

    found: list[Any] = async_to_sync(run)()
    return found


def this_minute() -> datetime:
    return utcnow().replace(second=0, microsecond=0)


def test_a_due_schedule_starts_the_published_version_with_its_instant(bob: Person) -> None:
    workflow = published(bob, each=EVERY_MINUTE)
    due_since(this_minute())

    assert with_connections(1, fire_due) == [{"default"}]

    execution, schedule = Execution.objects.get(), Schedule.objects.get()
    assert (execution.workflow_id, execution.version, execution.trigger_node, execution.trigger_kind) == (
        workflow.pk, 1, "each", "trigger.schedule",
    )  # fmt: skip
    given = codec.decode(Payload.objects.get(pk=execution.pk).input)
    assert given == {"scheduled_for": rfc3339(this_minute()), "fired_at": rfc3339(schedule.last_fired_at)}
    assert schedule.next_at == this_minute() + timedelta(minutes=1)


def test_schedulers_that_race_start_each_instant_once(bob: Person) -> None:
    for number in range(30):
        published(bob, name=f"W{number}", each={**EVERY_MINUTE, "misfire": "all"})
    due_since(this_minute() - timedelta(minutes=4))

    with_connections(5, fire_due)

    assert Execution.objects.count() == 30 * 5
    assert IdempotencyKey.objects.count() == 30 * 5
    assert not Schedule.objects.filter(next_at__lte=this_minute()).exists()


def test_an_instant_that_was_started_is_not_started_again_when_its_row_is_set_back(bob: Person) -> None:
    published(bob, each=EVERY_MINUTE)
    moment = this_minute()
    for _ in range(3):
        due_since(moment)
        with_connections(2, fire_due)

    fired = {
        codec.decode(given)["scheduled_for"] for given in Payload.objects.values_list("input", flat=True)
    }
    assert len(fired) == Execution.objects.count()


@pytest.mark.parametrize(("misfire", "count"), [("skip", 1), ("once", 1), ("all", 11)])
def test_what_was_missed_while_nothing_ran_follows_the_policy(bob: Person, misfire: str, count: int) -> None:
    published(bob, each={**EVERY_MINUTE, "misfire": misfire})
    due_since(this_minute() - timedelta(minutes=10))

    with_connections(1, fire_due)

    assert Execution.objects.count() == count


def test_a_paused_workflow_starts_nothing(bob: Person) -> None:
    workflow = published(bob, each=EVERY_MINUTE)
    pause_workflow(workspace=bob.workspace, workflow_id=workflow.pk, by=access(bob))
    due_since(this_minute(), is_active=True)

    with_connections(1, fire_due)

    assert not Execution.objects.exists()


def test_a_schedule_that_cannot_be_read_does_not_hold_up_the_others(bob: Person) -> None:
    published(bob, name="Broken", each=EVERY_MINUTE)
    Schedule.objects.update(cron="never o'clock")
    published(bob, each=EVERY_MINUTE)
    due_since(this_minute())

    with_connections(1, fire_due)

    assert Execution.objects.count() == 1
    assert Schedule.objects.get(cron="never o'clock").next_at is None


def test_the_scheduler_starts_what_is_due_within_a_tenth_of_a_second(bob: Person) -> None:
    published(bob, each=EVERY_MINUTE)
    moment = utcnow() + timedelta(seconds=1.3)
    due_since(moment)
    rung: list[tuple[float, str]] = []

    async def run() -> None:
        scheduler = Scheduler(Bell(lambda queue: rung.append((utcnow().timestamp(), queue))))
        running = asyncio.create_task(scheduler.run())
        await asyncio.sleep(1.8)
        scheduler.stop()
        await running

    async_to_sync(run)()

    late = [at - moment.timestamp() for at, queue in rung if queue == "default"]
    assert 0 <= late[0] < 0.1


def test_what_is_queued_and_nobody_took_is_rung_for_again(bob: Person) -> None:
    published(bob, each=EVERY_MINUTE)
    due_since(this_minute())
    with_connections(1, fire_due)
    Execution.objects.update(due_at=utcnow() - timedelta(seconds=5))

    assert with_connections(1, sweep) == [{"default"}]


def test_keys_whose_time_is_over_are_dropped(bob: Person) -> None:
    published(bob, each={**EVERY_MINUTE, "misfire": "all"})
    due_since(this_minute() - timedelta(minutes=3))
    with_connections(1, fire_due)
    kept = IdempotencyKey.objects.first()
    assert kept is not None
    IdempotencyKey.objects.exclude(pk=kept.pk).update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))

    with_connections(1, drop_expired)

    assert IdempotencyKey.objects.get() == kept
    assert loop.LOOK_SECONDS <= 0.5
