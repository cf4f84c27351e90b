"""Reading the time happens at the edge, through here; policy code takes `now` as an argument."""

from __future__ import annotations

from datetime import UTC, datetime


def utcnow() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the wall clock


def rfc3339(value: datetime) -> str:
    """`2026-01-02T03:04:05.678901Z`: UTC with microseconds, as the API writes every time."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
