"""Connections of the asyncio processes: direct, autocommitting, with a bound on every statement."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from psycopg import AsyncConnection

from studio.common.committer import Connection

STATEMENT_SECONDS = 5.0
CONNECT_SECONDS = 5


async def connect(name: str, *, statement_seconds: float = STATEMENT_SECONDS) -> Connection:
    """Open a connection that PostgreSQL lists as `studio <name>`; the caller closes it.

    Keepalives find a host that vanished within seconds; a lost answer must not hold a worker for minutes.
    """
    options: dict[str, Any] = {
        "application_name": f"studio {name}",
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "options": f"-c statement_timeout={int(statement_seconds * 1000)} -c timezone=UTC",
    }
    return await AsyncConnection.connect(settings.DATABASE_URL, autocommit=True, **options)
