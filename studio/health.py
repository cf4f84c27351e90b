"""`/livez`: this process answers. `/readyz`: and everything it needs does too."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from studio.kernel.clock import utcnow
from studio.kernel.ids import time_of

PATIENCE_SECONDS: Final = 2.0
LEAST_DAYS_AHEAD: Final = 2

_BOUNDS_SQL = """
SELECT parent.relname, pg_get_expr(child.relpartbound, child.oid)
FROM pg_class parent
LEFT JOIN pg_inherits ON inhparent = parent.oid
LEFT JOIN pg_class child ON child.oid = inhrelid
WHERE parent.relkind = 'p' AND parent.relnamespace = current_schema()::regnamespace
"""
_UPPER = re.compile(r"TO \('([0-9a-f-]{36})'\)")


@require_safe
def livez(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def _postgresql() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return "PostgreSQL does not answer."
    return None


def _valkey() -> str | None:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
    )
    try:
        client.ping()
    except redis.RedisError:
        return "Valkey does not answer."
    finally:
        client.close()
    return None


def _migrations() -> str | None:
    try:
        applied = set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError:
        return "The applied migrations cannot be read."
    lacking = sorted(_known_migrations() - applied)
    if not lacking:
        return None
    return (
        f"{len(lacking)} migrations are not applied, first {'.'.join(lacking[0])}: run `manage.py migrate`."
    )


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


def _partitions() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_BOUNDS_SQL)
            rows = cursor.fetchall()
    except DatabaseError:
        return "The partitions cannot be read."
    needed = utcnow() + timedelta(days=LEAST_DAYS_AHEAD)
    until: dict[str, datetime] = {}
    for table, bound in rows:
        upper = _UPPER.search(bound or "")
        end = time_of(uuid.UUID(upper[1])) if upper else datetime.min.replace(tzinfo=UTC)
        until[table] = max(until.get(table, end), end)
    short = sorted(table for table, end in until.items() if end < needed)
    if not short:
        return None
    return f"{', '.join(short)} lack partitions for the next {LEAST_DAYS_AHEAD} days: start the scheduler."


CHECKS: Final[dict[str, Callable[[], str | None]]] = {
    "postgresql": _postgresql,
    "valkey": _valkey,
    "migrations": _migrations,
    "partitions": _partitions,
}


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when work can be taken, else 503; `missing` says what is not there."""
    missing = {name: reason for name, check in CHECKS.items() if (reason := check()) is not None}
    document = {"status": "not_ready" if missing else "ready", "missing": missing}
    return JsonResponse(document, status=503 if missing else 200)
