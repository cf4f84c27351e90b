"""Functions on dates, which are RFC 3339 text.

Every date they make has six digits after the second, so that dates in one zone compare as text. Names of days
and months are English, zones come from the pinned `tzdata` package, never from the machine: a replay on another
host must give the same text.
"""

from __future__ import annotations

import calendar
import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from workflows.engine.expressions.arguments import integer, number, one_of, text
from workflows.engine.expressions.date_formats import formatted, parsed
from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.expressions.frame import Frame
from workflows.engine.expressions.registry import function

_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?\s?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_CLOCK_UNITS = {"second": 1, "minute": 60, "hour": 3600}
_CALENDAR_UNITS = {"day": 1, "week": 7}
_MONTH_UNITS = {"month": 1, "year": 12}
_UNITS = (*_CLOCK_UNITS, *_CALENDAR_UNITS, *_MONTH_UNITS)


@function('"2026-03-01T12:30:00Z" | format_date("%d %b %Y, %H:%M", "Europe/Berlin")', "01 Mar 2026, 13:30")
def format_date(frame: Frame, date: Any, format_: Any, zone: Any = None) -> str:
    """Write a date with `%Y %m %d %H %M %S …`, in a time zone if one is given."""
    moment = _moment(date)
    if zone is not None:
        moment = _moved(moment, _zone(zone))
    pattern = text(format_, "the format")
    frame.make_text(32 * len(pattern))
    return formatted(moment, pattern)


@function('"24.12.2026 18:00" | parse_date("%d.%m.%Y %H:%M", "Europe/Berlin")', "2026-12-24T17:00:00.000000Z")
def parse_date(frame: Frame, value: Any, format_: Any = None, zone: Any = "UTC") -> str:
    """Read a date from RFC 3339 text, Unix seconds or a format; the zone counts where the text has none."""
    if type(value) is int or type(value) is float:
        return _written(_from_seconds(value))
    source = text(value)
    if format_ is None:
        return _written(_moment(source, zone))
    pattern = text(format_, "the format")
    frame.spend(100 + len(pattern) + (len(source) >> 4))
    found = _guarded(lambda: parsed(source, pattern))
    return _written(found if found.tzinfo is not None else _localised(found, _zone(zone)))


@function('"2026-01-31" | shift_date(1, "month")', "2026-02-28T00:00:00.000000Z")
def shift_date(frame: Frame, date: Any, amount: Any, unit: Any, zone: Any = "UTC") -> str:
    """Move a date by seconds … years; days and longer keep the time of day in the zone, months end in time."""
    moment = _moment(date)
    name = one_of(text(unit, "the unit").removesuffix("s"), "the unit", _UNITS)
    if name in _CLOCK_UNITS:
        seconds = number(amount, "the amount") * _CLOCK_UNITS[name]
        return _written(_guarded(lambda: moment + timedelta(seconds=seconds)))
    steps, place = integer(amount, "the amount", -4_000_000, 4_000_000), _zone(zone)
    local = _moved(moment, place).replace(tzinfo=None)
    if name in _MONTH_UNITS:
        shifted = _shift_months(local, steps * _MONTH_UNITS[name])
    else:
        shifted = _guarded(lambda: local + timedelta(days=steps * _CALENDAR_UNITS[name]))
    return _written(_localised(shifted, place))


@function('"2026-07-01T12:00:00Z" | to_timezone("Europe/Berlin")', "2026-07-01T14:00:00.000000+02:00")
def to_timezone(frame: Frame, date: Any, zone: Any) -> str:
    """Give the same moment as it reads in a time zone, such as `"Europe/Berlin"` or `"+05:30"`."""
    return _written(_moved(_moment(date), _zone(zone)), keep_zone=True)


def _moment(value: Any, zone: Any = "UTC") -> datetime:
    source = text(value, "the date")
    match = _RFC3339.fullmatch(source.strip()) if len(source) <= 64 else None
    if match is None:
        raise ExpressionError("the date must be RFC 3339 text; `parse_date` reads other forms.")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    micros = int((match[7] or "0").ljust(6, "0")[:6])
    plain = _guarded(lambda: datetime(year, month, day, hour, minute, second, micros))  # noqa: DTZ001 - zone next
    return _localised(plain, _zone(match[8] if match[8] is not None else zone))


def _from_seconds(value: int | float) -> datetime:
    return _guarded(lambda: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value))


def _localised(plain: datetime, zone: tzinfo) -> datetime:
    return _guarded(lambda: plain.replace(tzinfo=zone).astimezone(UTC))


def _moved(moment: datetime, zone: tzinfo) -> datetime:
    return _guarded(lambda: moment.astimezone(zone))


def _guarded(compute: Callable[[], datetime]) -> datetime:
    try:
        return compute()
    except (ValueError, OverflowError) as error:
        if isinstance(error, ExpressionError):
            raise
        raise ExpressionError("there is no such date between the years 1 and 9999.") from None


def _written(moment: datetime, *, keep_zone: bool = False) -> str:
    if not keep_zone:
        moment = _guarded(lambda: moment.astimezone(UTC))
    offset = moment.utcoffset() or timedelta()
    if offset % timedelta(minutes=1):
        # Local mean times of long ago have seconds, which RFC 3339 cannot express.
        offset = timedelta(minutes=round(offset / timedelta(minutes=1)))
        moment = _guarded(lambda: moment.astimezone(timezone(offset)))
    written = moment.isoformat(timespec="microseconds")
    return written.removesuffix("+00:00") + "Z" if not offset else written


def _shift_months(local: datetime, months: int) -> datetime:
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ExpressionError("there is no such date between the years 1 and 9999.")
    last = calendar.monthrange(year, month + 1)[1]
    return local.replace(year=year, month=month + 1, day=min(local.day, last))


def _zone(value: Any) -> tzinfo:
    name = text(value, "the zone")
    if name in ("UTC", "Z", "z"):
        return UTC
    if (match := _OFFSET.fullmatch(name)) is not None:
        minutes = 60 * int(match[2]) + int(match[3])
        if minutes >= 24 * 60 or int(match[3]) >= 60:
            raise ExpressionError("an offset is less than 24 hours.")
        return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
    if len(name) <= 64 and _ZONE.fullmatch(name):
        return _named_zone(name)
    raise ExpressionError('the zone must be a name such as "Europe/Berlin" or an offset such as "+02:00".')


@functools.lru_cache(maxsize=128)
def _named_zone(name: str) -> tzinfo:
    if name not in _zone_names():
        raise ExpressionError("there is no time zone of that name.")
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@functools.lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split())
