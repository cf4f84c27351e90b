"""Daily partitions of the tables that grow without bound, made a week before they are needed.

Ids are UUIDv7, so a day is a range of ids. Until a day has its partition its rows lie in the default one, and
once they lie there they stay: a partition is only made for a day that has no rows yet.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import psycopg
import structlog
from psycopg import AsyncConnection, sql

from studio.kernel.clock import utcnow
from studio.kernel.ids import lower_bound

log = structlog.get_logger()

DAYS_AHEAD: Final = 7
LOCK_KEY: Final = 0x5061_7274  # "Part": one process at a time
_BOUND = re.compile(r"FROM \('([0-9a-f-]{36})'\)")

PARENTS_SQL = """
SELECT parent.relname, array_remove(array_agg(pg_get_expr(child.relpartbound, child.oid)), NULL)
FROM pg_class parent
LEFT JOIN pg_inherits ON inhparent = parent.oid
LEFT JOIN pg_class child ON child.oid = inhrelid
WHERE parent.relkind = 'p' AND parent.relnamespace = current_schema()::regnamespace
GROUP BY parent.relname ORDER BY parent.relname
"""


async def make_partitions(connection: AsyncConnection[Any], *, now: datetime | None = None) -> set[str]:
    """Make what is missing from today to a week ahead; answers the names that were made."""
    made: set[str] = set()
    today = (now or utcnow()).astimezone(UTC).date()
    cursor = await connection.execute(PARENTS_SQL)
    for parent, bounds in await cursor.fetchall():
        known = {match[1] for bound in bounds if (match := _BOUND.search(bound))}
        for day in (today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)):
            if str(_start(day)) not in known and await _make(connection, parent, day):
                made.add(f"{parent}_{day:%Y%m%d}")
    if made:
        log.info("partitions.made", count=len(made))
    return made


async def keep_partitions(connection: AsyncConnection[Any]) -> set[str]:
    """As a duty of the scheduler; a lock that cannot be had is tried for again at the next round."""
    try:
        await make_partitions(connection)
    except psycopg.errors.LockNotAvailable:
        log.warning("partitions.postponed")
    return set()


DUTY: Final[tuple[float, Callable[[AsyncConnection[Any]], Awaitable[set[str]]]]] = (600.0, keep_partitions)


async def _make(connection: AsyncConnection[Any], parent: str, day: date) -> bool:
    """False where rows of the day lie in the default partition already, or another process was faster.

    A transaction each: whoever held the locks of two tables at once could deadlock with a statement over both.
    """
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
            # Making one locks its table for a moment; behind a long query everybody else would queue up.
            await connection.execute("SET LOCAL lock_timeout = '2s'")
            await connection.execute(
                sql.SQL("CREATE TABLE {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})").format(
                    sql.Identifier(f"{parent}_{day:%Y%m%d}"),
                    sql.Identifier(parent),
                    sql.Literal(str(_start(day))),
                    sql.Literal(str(_start(day + timedelta(days=1)))),
                )
            )
    except (psycopg.errors.CheckViolation, psycopg.errors.DuplicateTable):
        return False
    return True


def _start(day: date) -> uuid.UUID:
    return lower_bound(datetime(day.year, day.month, day.day, tzinfo=UTC))
