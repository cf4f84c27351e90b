"""Triggers."""

from __future__ import annotations

import pytest

from tests.nodes.context import Context, codes, run


@pytest.mark.parametrize("kind", ["trigger.manual", "trigger.webhook"])
async def test_a_trigger_hands_on_what_started_the_execution(kind: str) -> None:
    assert await run(kind, {}, Context(trigger={"body": 1})) == {"body": 1}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"cron": "*/5 * * * *"}, {}),
        ({"cron": "0 2 * * SUN", "timezone": "America/New_York", "misfire": "all"}, {}),
        ({}, {"/cron": "required"}),
        ({"cron": "* * * *"}, {"/cron": "invalid_cron"}),
        ({"cron": "* * * * * *"}, {"/cron": "invalid_cron"}),
        ({"cron": "61 * * * *"}, {"/cron": "invalid_cron"}),
        ({"cron": "0 0 30 2 *"}, {"/cron": "invalid_cron"}),
        ({"cron": "0 0 * * *", "timezone": "Mars/Olympus"}, {"/timezone": "unknown_timezone"}),
        ({"cron": "0 0 * * *", "timezone": "../../etc/passwd"}, {"/timezone": "unknown_timezone"}),
        ({"cron": "0 0 * * *", "misfire": "maybe"}, {"/misfire": "not_allowed"}),
    ],
)
def test_a_schedule_is_checked_when_it_is_written(params: dict[str, str], expected: dict[str, str]) -> None:
    assert codes("trigger.schedule", params) == expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"authentication": "github", "credential": "c1"}, {}),
        ({"authentication": "github"}, {"/credential": "required"}),
        ({"methods": []}, {"/methods": "wrong_length"}),
        ({"methods": ["BREW"]}, {"/methods/0": "not_allowed"}),
        ({"respond": "later"}, {"/respond": "not_allowed"}),
    ],
)
def test_a_webhook_without_its_secret_is_not_published(
    params: dict[str, str], expected: dict[str, str]
) -> None:
    assert codes("trigger.webhook", params) == expected
