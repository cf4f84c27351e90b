"""When a cron expression fires in its time zone, and what to do about times that were missed. Pure.

Vixie's rule, as `cronsim` has it: a fixed time inside the spring gap fires at the end of the gap; a fixed time in
the autumn fold fires once, the first time; with `*` in minute or hour the schedule follows elapsed time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

MISSED_AFTER: Final = timedelta(seconds=60)
MOST_MADE_UP_FOR: Final = 100


@dataclass(frozen=True)
class Firings:
    """`instants` are to be fired now, oldest first; `next_at` is the first after now, None if there is none."""

    instants: list[datetime]
    next_at: datetime | None


def next_after(cron: str, zone: str, after: datetime) -> datetime | None:
    """The first firing later than `after`, in UTC."""
    for instant in _walk(cron, zone, after):
        # At a fold the walk starts from the clock's face, which showed this time before.
        if instant > after:
            return instant
    return None


def due_firings(cron: str, zone: str, *, next_at: datetime, now: datetime, misfire: str) -> Firings:
    """What to start now that `next_at` has come.

    A firing later than MISSED_AFTER was missed. `skip` drops those, `once` starts for the latest of all that are
    due, `all` starts for each, the latest MOST_MADE_UP_FOR of them at most.
    """
    if misfire == "skip":
        due = _due(cron, zone, since=max(next_at, now - MISSED_AFTER), now=now, most=MOST_MADE_UP_FOR)
    else:
        due = _due(cron, zone, since=next_at, now=now, most=1 if misfire == "once" else MOST_MADE_UP_FOR)
    if not due and now - next_at <= MISSED_AFTER:
        # Announced before the zone's rules changed: it still happens.
        due = [next_at]
    return Firings(due, next_after(cron, zone, now))


def _due(cron: str, zone: str, *, since: datetime, now: datetime, most: int) -> list[datetime]:
    """The latest `most` firings from `since` to `now`, found backwards: there may be years of them."""
    found: list[datetime] = []
    for instant in _walk(cron, zone, now + timedelta(seconds=1), backwards=True):
        if instant < since or len(found) == most:
            break
        if instant <= now:
            found.append(instant)
    found.reverse()
    return found


def _walk(cron: str, zone: str, start: datetime, *, backwards: bool = False) -> Iterator[datetime]:
    for local in CronSim(cron, start.astimezone(ZoneInfo(zone)), reverse=backwards):
        yield local.astimezone(UTC)
