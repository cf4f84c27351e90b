"""Partitions stand a week ahead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection as django_connection
from psycopg import AsyncConnection

from studio.health import CHECKS
from studio.kernel.ids import uuid7
from studio.operations.partitions import make_partitions
from workflows.models import Payload
from workflows.runtime.connect import connect

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = {
    "security_auditentry", "webhooks_event", "workflows_blob", "workflows_deadletter", "workflows_execution",
    "workflows_jobitem", "workflows_payload", "workflows_step",
}  # fmt: skip
# Far from the days that other tests write in.
THEN = datetime(2040, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _drop_what_was_made(transactional_db: None) -> Any:
    yield
    with django_connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '_(20|19)[0-9]{6}$'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TABLE "{name}"')


def within(work: Callable[[AsyncConnection[Any]], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with await connect("test") as connection:
            return await work(connection)

    return async_to_sync(run)()


def made_at(moment: datetime) -> set[str]:
    found: set[str] = within(lambda connection: make_partitions(connection, now=moment))
    return found


def test_every_growing_table_gets_a_partition_for_today_and_seven_days_more() -> None:
    days = [f"{THEN + timedelta(days=n):%Y%m%d}" for n in range(8)]

    assert made_at(THEN) == {f"{table}_{day}" for table in TABLES for day in days}


def test_what_is_there_is_left_alone_and_the_next_day_is_added() -> None:
    made_at(THEN)

    assert made_at(THEN) == set()
    assert made_at(THEN + timedelta(days=1)) == {f"{table}_20400509" for table in TABLES}


def test_a_row_lands_in_the_partition_of_its_day() -> None:
    made_at(THEN)
    identifier = uuid7(int(THEN.timestamp() * 1000))
    Payload.objects.create(id=identifier)

    with django_connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM workflows_payload WHERE id = %s", [identifier])
        assert cursor.fetchone() == ("workflows_payload_20400501",)


def test_a_day_whose_rows_lie_in_the_default_partition_stays_there_and_the_others_are_made() -> None:
    Payload.objects.create(id=uuid7(int(THEN.timestamp() * 1000)))

    made = made_at(THEN)

    assert "workflows_payload_20400501" not in made
    assert {"workflows_payload_20400502", "workflows_step_20400501"} <= made
    assert Payload.objects.count() == 1


def test_an_installation_is_ready_once_they_stand() -> None:
    before = CHECKS["partitions"]()
    within(make_partitions)

    assert (before is None, CHECKS["partitions"]()) == (False, None)
