"""What the ingress reads from PostgreSQL: short statements over a few connections of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg
from django.conf import settings
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from studio.kernel.errors import StoreAway

CONNECTIONS: Final = 4
SECONDS: Final = 3.0


class Reader:
    """A small pool; a connection that broke while it was idle is replaced and the statement repeated."""

    def __init__(self) -> None:
        self._pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            settings.DATABASE_URL,
            min_size=1,
            max_size=CONNECTIONS,
            open=False,
            timeout=SECONDS,
            kwargs={
                "autocommit": True,
                "application_name": "studio ingress reader",
                "connect_timeout": int(SECONDS),
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "options": f"-c statement_timeout={int(SECONDS * 1000)} -c timezone=UTC",
            },
        )

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close()

    async def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement that may be repeated; raise StoreAway."""
        try:
            return await self._rows(statement, parameters)
        except PoolTimeout as error:
            raise StoreAway() from error
        except (psycopg.OperationalError, psycopg.InterfaceError):
            pass
        try:
            return await self._rows(statement, parameters)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise StoreAway() from error

    async def row(self, statement: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        found = await self.rows(statement, parameters)
        return found[0] if found else None

    async def _rows(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, parameters, binary=True)
            return await cursor.fetchall() if cursor.description else []
