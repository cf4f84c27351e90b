"""When schedules fire, to the second, over both ends of daylight saving time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.scheduling.times import MISSED_AFTER, due_firings, next_after

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def firings(cron: str, zone: str, after: str, count: int) -> list[str]:
    """`count` firings one after the other, as UTC texts."""
    found, instant = [], at(after)
    for _ in range(count):
        following = next_after(cron, zone, instant)
        assert following is not None
        instant = following
        found.append(f"{instant:%m-%dT%H:%M:%S}")
    return found


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        (BERLIN, "2026-03-27T12:00", ["03-28T01:30:00", "03-29T01:00:00", "03-30T00:30:00"]),
        (NEW_YORK, "2026-03-07T00:00", ["03-07T07:30:00", "03-08T07:00:00", "03-09T06:30:00"]),
    ],
)
def test_a_time_inside_the_spring_gap_fires_at_the_end_of_the_gap(
    zone: str, after: str, expected: list[str]
) -> None:
    assert firings("30 2 * * *", zone, after, 3) == expected


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", ["10-25T00:30:00", "10-26T01:30:00"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31T12:00", ["11-01T05:30:00", "11-02T06:30:00"]),
    ],
)
def test_a_fixed_time_in_the_autumn_fold_fires_once(
    cron: str, zone: str, after: str, expected: list[str]
) -> None:
    assert firings(cron, zone, after, 2) == expected


def test_a_fixed_time_is_not_repeated_when_asked_for_within_the_repeated_hour() -> None:
    assert firings("30 2 * * *", BERLIN, "2026-10-25T01:05", 1) == ["10-26T01:30:00"]


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        (BERLIN, "2026-10-25T00:10", ["25T00:30", "25T01:00", "25T01:30", "25T02:00"]),
        (NEW_YORK, "2026-11-01T05:10", ["01T05:30", "01T06:00", "01T06:30", "01T07:00"]),
        (BERLIN, "2026-03-29T00:40", ["29T01:00", "29T01:30", "29T02:00", "29T02:30"]),
        (NEW_YORK, "2026-03-08T06:40", ["08T07:00", "08T07:30", "08T08:00", "08T08:30"]),
    ],
)
def test_every_so_many_minutes_follows_elapsed_time(zone: str, after: str, expected: list[str]) -> None:
    assert [text[3:11] for text in firings("*/30 * * * *", zone, after, 4)] == expected


def test_a_time_that_never_comes_has_no_next_firing() -> None:
    assert next_after("0 0 29 2 *", "UTC", at("2026-01-01T00:00")) == at("2028-02-29T00:00")
    assert next_after("0 0 31 4 MON", "UTC", at("2026-01-01T00:00")) is not None


def test_what_is_due_within_a_minute_is_fired_whatever_the_policy() -> None:
    due, now = at("2026-01-05T09:00"), at("2026-01-05T09:00:59")

    for misfire in ("skip", "once", "all"):
        found = due_firings("0 9 * * *", "UTC", next_at=due, now=now, misfire=misfire)
        assert (found.instants, found.next_at) == ([due], at("2026-01-06T09:00"))


@pytest.mark.parametrize(
    ("misfire", "expected"),
    [("skip", []), ("once", ["09:50"]), ("all", ["09:10", "09:20", "09:30", "09:40", "09:50"])],
)
def test_missed_times_are_skipped_made_up_for_once_or_each(misfire: str, expected: list[str]) -> None:
    found = due_firings(
        "*/10 * * * *", "UTC", next_at=at("2026-01-05T09:10"), now=at("2026-01-05T09:55"), misfire=misfire
    )

    assert [f"{instant:%H:%M}" for instant in found.instants] == expected
    assert found.next_at == at("2026-01-05T10:00")


def test_a_year_of_missed_minutes_is_made_up_for_a_hundred_times_at_most() -> None:
    now = at("2027-01-01T00:00:30")

    found = due_firings("* * * * *", BERLIN, next_at=at("2026-01-01T00:00"), now=now, misfire="all")

    assert len(found.instants) == 100
    assert found.instants[-1] == at("2027-01-01T00:00")
    assert found.instants[0] == at("2027-01-01T00:00") - timedelta(minutes=99)


CRONS = st.sampled_from(
    ["* * * * *", "*/15 * * * *", "30 2 * * *", "0 1,2,3 * * *", "15 */3 * * *", "5 2 * * SUN", "0 0 L * *"]
)
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minute: at("2026-01-01T00:00") + timedelta(minutes=minute)
)


@given(CRONS, st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "UTC"]), MOMENTS)
def test_firings_only_ever_move_forward_and_backwards_finds_the_same(
    cron: str, zone: str, start: datetime
) -> None:
    walked, instant = [], start
    for _ in range(5):
        following = next_after(cron, zone, instant)
        assert following is not None
        assert following > instant
        walked.append(following)
        instant = following

    found = due_firings(cron, zone, next_at=walked[0], now=walked[-1], misfire="all")

    assert found.instants == walked


@given(st.sampled_from([BERLIN, NEW_YORK]), MOMENTS)
def test_a_skipping_schedule_fires_nothing_older_than_a_minute(zone: str, now: datetime) -> None:
    found = due_firings("* * * * *", zone, next_at=now - timedelta(days=1), now=now, misfire="skip")

    assert all(now - instant <= MISSED_AFTER for instant in found.instants)
    assert all(instant.astimezone(ZoneInfo(zone)).second == 0 for instant in found.instants)
