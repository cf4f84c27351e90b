"""The breaker's arithmetic: when it opens, what passes meanwhile, and how it closes again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.kernel import breaker as arithmetic
from studio.kernel.breaker import Breaker, BreakerPlan, Phase, Run, Verdict, grant, record, retry_at, verdict

PLAN = BreakerPlan(
    failures=5, rate=0.5, samples=10, window=30, open_seconds=10, cap_seconds=60, probes=2, probe_seconds=20
)
NOW = 1_000_000.0


def after(breaker: Breaker, *runs: Run, now: float = NOW) -> Breaker:
    return record(breaker, PLAN, generation=breaker.generation, runs=runs, now=now)


def opened(now: float = NOW) -> Breaker:
    return after(Breaker(), (False, 5), now=now)


def half_open() -> Breaker:
    """With its canary on the way."""
    breaker, granted = grant(opened(), PLAN, 9, NOW + 10)
    assert granted == 1
    return breaker


def probed() -> Breaker:
    """With both of its probes on the way."""
    breaker, granted = grant(after(half_open(), (True, 1)), PLAN, 9, NOW + 11)
    assert granted == 1
    return breaker


def test_failures_in_a_row_open_it() -> None:
    assert after(Breaker(), (False, 4)).phase is Phase.CLOSED
    assert after(Breaker(), (False, 5)).phase is Phase.OPEN


def test_one_success_ends_the_row() -> None:
    assert after(Breaker(), (False, 4), (True, 1), (False, 4)).phase is Phase.CLOSED


def test_a_share_of_failures_opens_it_once_there_are_enough_calls() -> None:
    pair: tuple[Run, Run] = ((True, 1), (False, 1))

    assert after(Breaker(), *pair * 4).phase is Phase.CLOSED
    assert after(Breaker(), *pair * 5).phase is Phase.OPEN


def test_what_lies_behind_the_window_is_forgotten() -> None:
    old = after(Breaker(), *(((True, 1), (False, 1)) * 4))

    assert after(old, (True, 1), (False, 1), now=NOW + 30).phase is Phase.CLOSED
    assert old.counts(PLAN, NOW + 30) == (0, 0)


def test_open_lets_nothing_pass_before_its_time() -> None:
    breaker = opened()

    assert verdict(breaker, PLAN, NOW + 9.9) is Verdict.REFUSE
    assert grant(breaker, PLAN, 5, NOW + 9.9) == (breaker, 0)
    assert verdict(breaker, PLAN, NOW + 10) is Verdict.ASK


def test_half_open_lets_one_canary_pass_and_no_more_before_it_is_back() -> None:
    breaker, granted = grant(opened(), PLAN, 5, NOW + 10)

    assert (breaker.phase, granted) == (Phase.HALF_OPEN, 1)
    assert verdict(breaker, PLAN, NOW + 11) is Verdict.REFUSE
    assert grant(breaker, PLAN, 5, NOW + 11)[1] == 0


def test_probes_that_succeed_let_more_pass_up_to_the_plan() -> None:
    plan = replace(PLAN, probes=6)
    breaker, granted = grant(opened(), plan, 9, NOW + 10)
    seen = [granted]
    for _ in range(2):
        runs: list[Run] = [(True, granted)]
        breaker = record(breaker, plan, generation=breaker.generation, runs=runs, now=NOW)
        breaker, granted = grant(breaker, plan, 9, NOW + 11)
        seen.append(granted)

    assert seen == [1, 2, 3]
    assert grant(breaker, plan, 9, NOW + 12)[1] == 0


def test_it_closes_when_all_probes_succeed() -> None:
    assert after(half_open(), (True, 1)).phase is Phase.HALF_OPEN
    assert after(probed(), (True, 1)).phase is Phase.CLOSED


def test_a_failed_probe_opens_it_for_twice_as_long() -> None:
    again = after(probed(), (False, 1), now=NOW + 12)

    assert (again.phase, again.until, again.trips) == (Phase.OPEN, NOW + 12 + 20, 2)


def test_the_back_off_has_a_cap() -> None:
    breaker = replace(half_open(), trips=50)

    assert after(breaker, (False, 1)).until == NOW + PLAN.cap_seconds


def test_a_relapse_within_the_window_goes_on_with_the_back_off() -> None:
    closed = after(probed(), (True, 1), now=NOW + 11)

    assert after(closed, (False, 5), now=NOW + 12).trips == 2
    assert after(closed, (False, 5), now=NOW + 11 + PLAN.window).trips == 1


def test_probes_that_nobody_reports_are_given_up() -> None:
    breaker = half_open()

    assert verdict(breaker, PLAN, NOW + 10 + 20) is Verdict.ASK
    later, granted = grant(breaker, PLAN, 1, NOW + 10 + 20)
    assert granted == 1
    assert record(later, PLAN, generation=breaker.generation, runs=[(False, 1)], now=NOW + 31) == later


def test_a_probe_that_told_nothing_may_be_made_again() -> None:
    assert grant(after(half_open(), (None, 1)), PLAN, 5, NOW + 11)[1] == 1


def test_calls_sent_before_it_opened_say_nothing_about_it() -> None:
    breaker = half_open()

    assert record(breaker, PLAN, generation=0, runs=[(True, 9), (False, 9)], now=NOW) == breaker


def test_forced_open_lets_nothing_pass_until_its_end_and_then_probes() -> None:
    forced = arithmetic.force_open(Breaker(), now=NOW, until=NOW + 100)

    assert verdict(forced, PLAN, NOW + 99) is Verdict.REFUSE
    probing, granted = grant(forced, PLAN, 9, NOW + 100)
    assert (probing.phase, probing.forced, granted) == (Phase.HALF_OPEN, False, 1)
    assert verdict(arithmetic.force_open(Breaker(), now=NOW, until=None), PLAN, NOW + 1e9) is Verdict.REFUSE


def test_forced_closed_stays_closed_until_its_end() -> None:
    forced = arithmetic.force_closed(opened(), now=NOW, until=NOW + 100)

    assert after(forced, (False, 50), now=NOW + 99).phase is Phase.CLOSED
    assert after(forced, (False, 5), now=NOW + 100).phase is Phase.OPEN


def test_reset_forgets_everything_but_the_generation() -> None:
    breaker = arithmetic.reset(half_open(), now=NOW + 20)

    assert (breaker.phase, breaker.trips, breaker.forced, breaker.generation) == (Phase.CLOSED, 0, False, 3)


def test_the_parked_come_back_in_waves_that_double() -> None:
    breaker = opened()
    due = [retry_at(breaker, PLAN, position=p, now=NOW, random=0.5) - NOW - 10 for p in range(15)]

    assert due == [0.0] + [1.5] * 2 + [2.5] * 4 + [3.5] * 8


def test_it_survives_being_stored() -> None:
    breaker = after(half_open(), (True, 1))

    assert Breaker.from_document(breaker.as_document()) == breaker


_RUNS = st.lists(st.tuples(st.sampled_from([True, False, None]), st.integers(1, 6)), max_size=4)
_DEEDS = st.one_of(
    st.tuples(st.just("record"), st.integers(0, 2), _RUNS),
    st.tuples(st.just("grant"), st.integers(1, 5), st.none()),
    st.tuples(st.just("refuse"), st.integers(0, 9), st.none()),
)


@given(st.lists(st.tuples(_DEEDS, st.floats(0, 40)), max_size=60))
def test_no_history_takes_more_probes_than_the_plan_or_lets_a_call_pass_an_open_one(
    history: list[tuple[tuple[str, int, list[Run] | None], float]],
) -> None:
    breaker, now = Breaker(), NOW
    for (deed, number, runs), passes in history:
        now += passes
        before = breaker
        if deed == "record":
            breaker = record(breaker, PLAN, generation=breaker.generation - number, runs=runs or [], now=now)
            assert number == 0 or breaker == before
        elif deed == "grant":
            breaker, granted = grant(breaker, PLAN, number, now)
            assert granted <= (number if before.phase is Phase.CLOSED else PLAN.probes)
            assert granted == 0 or before.phase is not Phase.OPEN or (before.until or 0) <= now
        else:
            breaker = arithmetic.refuse(breaker, parked=number)
        assert breaker.passed <= breaker.granted <= PLAN.probes or breaker.phase is Phase.CLOSED
        assert breaker.generation >= before.generation
        assert (breaker.phase is before.phase) or breaker.generation > before.generation
        if breaker.phase is Phase.OPEN and before.phase is not Phase.OPEN:
            assert breaker.until is not None
            assert PLAN.open_seconds <= breaker.until - now <= PLAN.cap_seconds + 1e-6


@given(st.integers(0, 10**7), st.floats(0, 1, exclude_max=True), st.sampled_from(list(Phase)))
def test_nobody_is_told_to_come_back_at_once_or_never(position: int, random: float, phase: Phase) -> None:
    breaker = replace(opened(), phase=phase)
    due = retry_at(breaker, PLAN, position=position, now=NOW, random=random)

    assert NOW + PLAN.wave_seconds <= due <= NOW + PLAN.cap_seconds + 30 * PLAN.wave_seconds


@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.HALF_OPEN])
def test_a_breaker_that_is_not_closed_is_suspect(phase: Phase) -> None:
    assert replace(Breaker(), phase=phase).is_suspect(PLAN, NOW)
    assert not Breaker().is_suspect(PLAN, NOW)
    assert after(Breaker(), (False, 1)).is_suspect(PLAN, NOW)
