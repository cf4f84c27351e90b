"""Group commit against a real PostgreSQL: everybody gets their own answer, whatever happens to the batch."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.db import connection as django_connection

from studio.common.committer import Connection, GroupCommitter, RowRefused
from studio.kernel.errors import StoreAway
from workflows.runtime.connect import connect

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _table(transactional_db: None) -> Any:
    with django_connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE committed (id uuid PRIMARY KEY, value int CHECK (value >= 0), batch xid8)"
        )
    yield
    with django_connection.cursor() as cursor:
        cursor.execute("DROP TABLE committed")


@dataclass(frozen=True)
class Row:
    value: int
    id: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass
class Writer:
    """Answers each row's value. `after` runs on the connection once the batch is committed."""

    after: Any = None
    sizes: list[int] = field(default_factory=list)

    def key(self, row: Row) -> Hashable:
        return row.id

    def size(self, row: Row) -> int:
        return 100

    async def write(self, connection: Connection, rows: Sequence[Row]) -> Sequence[int]:
        self.sizes.append(len(rows))
        await connection.execute(
            "INSERT INTO committed SELECT id, value, pg_current_xact_id()"
            " FROM unnest(%s::uuid[], %s::int[]) AS t(id, value)",
            [[row.id for row in rows], [row.value for row in rows]],
        )
        if self.after is not None:
            after, self.after = self.after, None
            await after(connection)
        return [row.value for row in rows]

    async def look_up(self, connection: Connection, rows: Sequence[Row]) -> Sequence[int | None]:
        cursor = await connection.execute(
            "SELECT id, value FROM committed WHERE id = ANY(%s)", [[row.id for row in rows]]
        )
        found = {row[0]: row[1] for row in await cursor.fetchall()}
        return [found.get(row.id) for row in rows]  # type: ignore[misc]


@asynccontextmanager
async def committing(writer: Writer, **options: Any) -> AsyncIterator[GroupCommitter[Row, int]]:
    made = GroupCommitter(partial(connect, "test"), writer, "test", **options)
    made.start()
    yield made
    await made.close()


def stored() -> list[int]:
    with django_connection.cursor() as cursor:
        cursor.execute("SELECT value FROM committed ORDER BY value")
        return [row[0] for row in cursor.fetchall()]


def batches() -> int:
    with django_connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT batch) FROM committed")
        return int(cursor.fetchone()[0])


def submitted(writer: Writer, rows: Sequence[Row], **options: Any) -> list[Any]:
    """What each of the callers that came at once was told, errors included."""

    async def run() -> list[Any]:
        async with committing(writer, **options) as committer:
            return await asyncio.gather(*(committer.submit(row) for row in rows), return_exceptions=True)

    found: list[Any] = async_to_sync(run)()
    return found


def test_callers_that_come_together_share_a_commit_and_get_their_own_answers() -> None:
    assert submitted(Writer(), [Row(n) for n in range(200)]) == list(range(200))
    assert stored() == list(range(200))
    assert batches() == 1


def test_a_batch_has_a_limit_of_rows_and_of_bytes() -> None:
    by_rows, by_bytes = Writer(), Writer()

    submitted(by_rows, [Row(n) for n in range(25)], max_rows=10)
    submitted(by_bytes, [Row(n) for n in range(25)], max_bytes=1_000)

    assert by_rows.sizes == by_bytes.sizes == [10, 10, 5]


def test_a_row_that_the_database_refuses_fails_alone() -> None:
    answers = submitted(Writer(), [Row(-1 if n == 7 else n) for n in range(20)])

    assert isinstance(answers[7], RowRefused)
    assert (
        [answer for n, answer in enumerate(answers) if n != 7] == stored() == [n for n in range(20) if n != 7]
    )


def test_a_commit_whose_answer_was_lost_is_looked_up_and_not_repeated() -> None:
    async def lose(connection: Connection) -> None:
        await connection.close()
        raise psycopg.OperationalError("the connection broke after the commit")

    writer = Writer(after=lose)

    assert submitted(writer, [Row(n) for n in range(5)]) == stored() == list(range(5))
    assert writer.sizes == [5]


def test_a_connection_that_broke_before_the_commit_is_opened_again() -> None:
    async def kill(connection: Connection) -> None:
        async with await connect("killer") as other:
            await other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])

    async def run() -> list[int]:
        async with committing(Writer()) as committer:
            first = await committer.submit(Row(1))
            assert committer._connection is not None
            await kill(committer._connection)
            return [first, await committer.submit(Row(2))]

    assert async_to_sync(run)() == stored() == [1, 2]


def test_a_deadlock_repeats_the_batch() -> None:
    async def deadlock(_connection: Connection) -> None:
        async with await connect("cleaner") as other:
            await other.execute("DELETE FROM committed")
        raise psycopg.errors.DeadlockDetected("deadlock detected")

    writer = Writer(after=deadlock)
    error = psycopg.errors.DeadlockDetected
    assert error.sqlstate == "40P01"

    assert submitted(writer, [Row(1), Row(2)]) == stored() == [1, 2]
    assert writer.sizes == [2, 2]


def test_a_caller_that_goes_away_does_not_take_the_others_with_it() -> None:
    async def run() -> int:
        async with committing(Writer()) as committer:
            leaving = asyncio.create_task(committer.submit(Row(1)))
            staying = asyncio.create_task(committer.submit(Row(2)))
            await asyncio.sleep(0)
            leaving.cancel()
            return await staying

    assert async_to_sync(run)() == 2
    assert stored() == [1, 2]


def test_a_full_queue_refuses_at_once() -> None:
    answers = submitted(Writer(), [Row(n) for n in range(30)], max_waiting=20)

    assert [isinstance(answer, StoreAway) for answer in answers] == [False] * 20 + [True] * 10


def test_a_store_that_stays_away_is_given_up_after_a_while() -> None:
    async def nowhere() -> Connection:
        raise psycopg.OperationalError("connection refused")

    async def run() -> list[Any]:
        committer = GroupCommitter(nowhere, Writer(), "test", patience=0.3)
        committer.start()
        answers = await asyncio.gather(committer.submit(Row(1)), return_exceptions=True)
        await committer.close()
        return list(answers)

    assert isinstance(async_to_sync(run)()[0], StoreAway)


def test_two_committers_that_write_the_same_rows_in_opposite_order_do_not_deadlock() -> None:
    rows = [Row(n) for n in range(40)]

    @dataclass
    class Upsert(Writer):
        async def write(self, connection: Connection, rows: Sequence[Row]) -> Sequence[int]:
            await connection.execute(
                "INSERT INTO committed SELECT id, value, NULL FROM unnest(%s::uuid[], %s::int[]) AS t(id, value)"
                " ON CONFLICT (id) DO UPDATE SET value = excluded.value",
                [[row.id for row in rows], [row.value for row in rows]],
            )
            return [row.value for row in rows]

    async def run() -> int:
        async with committing(Upsert()) as one, committing(Upsert()) as other:
            for _ in range(30):
                await asyncio.gather(
                    *(one.submit(row) for row in rows), *(other.submit(row) for row in reversed(rows))
                )
            return one.batches + other.batches

    assert async_to_sync(run)() >= 60
    assert stored() == list(range(40))
