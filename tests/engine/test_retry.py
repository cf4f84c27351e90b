"""Whether and when a failed attempt is tried again."""

from __future__ import annotations

from typing import Any

import pytest

from studio.kernel.errors import Category
from workflows.engine.kinds import Effect
from workflows.engine.retry import MOST_FREE_TRIES, Decision, RetryPolicy, decide_retry, retry_policy


def decided(
    settings: dict[str, Any] | None, category: str = "upstream", attempt: int = 1, **given: Any
) -> Decision:
    defaults: dict[str, Any] = {
        "effect": Effect.READ, "retry_after": None, "unknown_outcome_ok": False, "random": 0.0, "free_tries": 0,
    }  # fmt: skip
    policy = retry_policy(settings)
    return decide_retry(policy, category=Category(category), attempt=attempt, **{**defaults, **given})


STEADY = {"max_attempts": 5, "jitter": False}


def test_nothing_is_retried_unless_it_is_asked_for() -> None:
    assert retry_policy(None) == RetryPolicy()
    assert decided(None).delay is None


def test_null_settings_mean_the_defaults() -> None:
    assert retry_policy({"max_attempts": None, "base": None, "rules": None or []}) == RetryPolicy()


def test_max_attempts_counts_all_tries() -> None:
    assert [decided({"max_attempts": 3}, attempt=number).delay is None for number in (1, 2, 3)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("settings", "delays"),
    [
        (STEADY, [1, 2, 4, 8]),
        ({**STEADY, "base": 0.5}, [0.5, 1, 2, 4]),
        ({**STEADY, "cap": 3}, [1, 2, 3, 3]),
        ({**STEADY, "backoff": "fixed", "base": 7}, [7, 7, 7, 7]),
        ({**STEADY, "base": 0}, [0, 0, 0, 0]),
    ],
)
def test_delays_grow_as_the_policy_says(settings: dict[str, Any], delays: list[float]) -> None:
    assert [decided(settings, attempt=number).delay for number in (1, 2, 3, 4)] == delays


@pytest.mark.parametrize(("random", "delay"), [(0.0, 0.5), (0.5, 0.75), (0.999, 0.9995)])
def test_half_of_a_delay_is_left_to_chance(random: float, delay: float) -> None:
    assert decided({"max_attempts": 2}, random=random).delay == pytest.approx(delay)


def test_a_thousandth_try_does_not_overflow() -> None:
    assert decided({"max_attempts": 1_000, "jitter": False}, attempt=999).delay == 300


@pytest.mark.parametrize("category", ["timeout", "connection", "rate_limited", "upstream", "infrastructure"])
def test_what_may_pass_is_retried(category: str) -> None:
    assert decided({"max_attempts": 2}, category).delay is not None


@pytest.mark.parametrize("category", ["auth", "bad_input", "quota", "bug", "cancelled"])
def test_what_will_not_pass_is_not(category: str) -> None:
    assert decided({"max_attempts": 2}, category).delay is None


@pytest.mark.parametrize(
    ("effect", "honoured", "retried"),
    [
        (Effect.WRITE, False, False),
        (Effect.WRITE, True, True),
        (Effect.READ, False, True),
        (Effect.NONE, False, True),
    ],
)
def test_an_unknown_outcome_of_a_write_needs_a_key_that_is_honoured(
    effect: Effect, honoured: bool, retried: bool
) -> None:
    decision = decided({"max_attempts": 2}, "outcome_unknown", effect=effect, unknown_outcome_ok=honoured)

    assert (decision.delay is not None) == retried


def test_no_rule_makes_an_unknown_write_safe() -> None:
    rules = [{"category": ["outcome_unknown"], "action": "retry", "max_attempts": 9}]

    assert decided({"rules": rules}, "outcome_unknown", effect=Effect.WRITE).delay is None


@pytest.mark.parametrize(
    ("rules", "category", "attempt", "delay"),
    [
        ([{"category": ["auth"]}], "auth", 1, 1),
        ([{"category": ["upstream"], "action": "fail"}], "upstream", 1, None),
        ([{"category": ["upstream"], "max_attempts": 1}], "upstream", 1, None),
        ([{"category": ["upstream"], "max_attempts": 9}], "upstream", 8, 128),
        ([{"category": ["upstream"], "base": 10}], "upstream", 1, 10),
        ([{"category": ["timeout"], "action": "fail"}], "upstream", 1, 1),
        (
            [{"category": ["bug", "upstream"], "action": "fail"}, {"category": ["upstream"]}],
            "upstream",
            1,
            None,
        ),
        ([{"category": ["upstream"]}, {"category": ["upstream"], "action": "fail"}], "upstream", 1, 1),
        ([{"category": ["cancelled"]}], "cancelled", 1, None),
    ],
)
def test_the_first_matching_rule_wins(
    rules: list[dict[str, Any]], category: str, attempt: int, delay: float | None
) -> None:
    assert decided({**STEADY, "rules": rules}, category, attempt).delay == delay


def test_a_rule_may_wait_without_counting() -> None:
    rules = [{"category": ["quota"], "action": "wait", "base": 60}]

    assert decided({"jitter": False, "rules": rules}, "quota") == Decision(60, counts=False)


def test_retry_after_is_obeyed() -> None:
    assert decided({"max_attempts": 2}, retry_after=42.0) == Decision(42.0)


def test_being_told_when_costs_no_try() -> None:
    assert decided(None, "rate_limited", retry_after=42.0) == Decision(42.0, counts=False)


def test_being_limited_without_being_told_when_costs_one() -> None:
    assert decided(None, "rate_limited").delay is None


def test_free_tries_end_one_day() -> None:
    assert decided(None, "rate_limited", retry_after=1.0, free_tries=MOST_FREE_TRIES).delay is None


def test_free_tries_lengthen_the_backoff() -> None:
    rules = [{"category": ["quota"], "action": "wait"}]

    assert decided({"jitter": False, "rules": rules}, "quota", free_tries=3).delay == 8
