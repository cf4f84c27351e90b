"""Every kind of fault once, over a fixed seed. The long form: `python -m tests.chaos --seed N --minutes M`."""

from __future__ import annotations

import pytest

from tests.chaos.campaign import Plan, campaign
from tests.chaos.graphs import SEGMENTS, recipes
from tests.chaos.report import Report

SEED = 20_26


@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.workers
@pytest.mark.timeout(600)
async def test_whatever_is_killed_cut_or_lost_everything_accepted_ends_as_it_does_without_faults(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = await campaign(Plan(SEED))

    with capsys.disabled():
        print(f"\n{report}")
    assert report.is_clean, f"{report}\n{report.story}"
    assert report.offered > 50
    assert (report.bells > 0, report.copies > report.bells) == (True, True)
    assert report.calls > report.keys > report.offered


def test_a_seed_plans_the_same_work_again() -> None:
    first, second = (recipes(7, 20, ledger="http://ledger", child="child") for _ in range(2))

    assert first == second
    assert first != recipes(8, 20, ledger="http://ledger", child="child")
    assert {kind for recipe in first for kind in recipe.kinds} >= set(SEGMENTS)


def test_a_report_with_anything_lost_is_not_clean() -> None:
    report = Report(1, offered=2, accepted=2, finished=2)

    assert report.is_clean
    assert not Report(1, offered=2, accepted=2, finished=1).is_clean
    assert not Report(1, offered=2, accepted=2, finished=2, extra=1).is_clean
    assert not Report(1, offered=2, accepted=2, finished=2, keys_with_other_bytes=["key"]).is_clean
