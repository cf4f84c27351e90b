"""Whether and when a failed attempt is tried again: numbers in, a delay out; nothing here sleeps or draws lots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.kernel.errors import TRANSIENT, Category
from workflows.engine.kinds import Effect

MOST_FREE_TRIES = 100
"""A side that answers "later" for ever must not keep an execution for ever: from here on tries count."""


@dataclass(frozen=True)
class RetryRule:
    """What to do about some categories; None takes the policy's value."""

    categories: frozenset[Category]
    max_attempts: int | None = None
    base: float | None = None
    action: str = "retry"


@dataclass(frozen=True)
class RetryPolicy:
    """`settings.retry` of a node. `max_attempts` counts all tries, the first one included."""

    max_attempts: int = 1
    backoff: str = "exponential"
    base: float = 1.0
    cap: float = 300.0
    jitter: bool = True
    rules: tuple[RetryRule, ...] = ()
    unknown_outcome: bool = False

    def rule_for(self, category: Category) -> RetryRule | None:
        return next((rule for rule in self.rules if category in rule.categories), None)


@dataclass(frozen=True)
class Decision:
    """Try again after `delay` seconds, None to give up; `counts` is False for a try that costs none."""

    delay: float | None
    counts: bool = True


_GIVE_UP = Decision(None)


def retry_policy(settings: Mapping[str, Any] | None) -> RetryPolicy:
    """The policy that a valid `settings.retry` describes."""
    if not settings:
        return RetryPolicy()
    given = {name: value for name, value in settings.items() if value is not None}
    return RetryPolicy(
        max_attempts=given.get("max_attempts", 1),
        backoff=given.get("backoff", "exponential"),
        base=given.get("base", 1.0),
        cap=given.get("cap", 300.0),
        jitter=given.get("jitter", True),
        rules=tuple(_rule(rule) for rule in given.get("rules", ())),
        unknown_outcome=given.get("unknown_outcome", False),
    )


def _rule(rule: Mapping[str, Any]) -> RetryRule:
    return RetryRule(
        categories=frozenset(Category(category) for category in rule["category"]),
        max_attempts=rule.get("max_attempts"),
        base=rule.get("base"),
        action=rule.get("action") or "retry",
    )


def decide_retry(
    policy: RetryPolicy,
    *,
    category: Category,
    attempt: int,
    effect: Effect,
    retry_after: float | None,
    unknown_outcome_ok: bool,
    random: float,
    free_tries: int = 0,
) -> Decision:
    """Decide about the failure of an attempt.

    `attempt` counts the tries so far that cost one (`Step.counted`), `free_tries` those that did not.
    `random` lies in [0, 1). `unknown_outcome_ok`: the other side honours the idempotency key that was sent.
    """
    rule = policy.rule_for(category)
    action = rule.action if rule else _default_action(category)
    if action == "fail" or category is Category.CANCELLED:
        return _GIVE_UP
    if category is Category.OUTCOME_UNKNOWN and effect is Effect.WRITE and not unknown_outcome_ok:
        return _GIVE_UP
    base = policy.base if rule is None or rule.base is None else rule.base
    delay = retry_after if retry_after is not None else _backoff(policy, base, attempt + free_tries, random)
    if free_tries < MOST_FREE_TRIES and (action == "wait" or _told_when(category, retry_after)):
        return Decision(delay, counts=False)
    most = policy.max_attempts if rule is None or rule.max_attempts is None else rule.max_attempts
    return Decision(delay) if attempt < most else _GIVE_UP


def _default_action(category: Category) -> str:
    return "retry" if category in TRANSIENT or category is Category.OUTCOME_UNKNOWN else "fail"


def _told_when(category: Category, retry_after: float | None) -> bool:
    return category is Category.RATE_LIMITED and retry_after is not None


def _backoff(policy: RetryPolicy, base: float, tries: int, random: float) -> float:
    """Half of the delay is fixed and half random, so that a crowd spreads and nobody returns at once."""
    doublings = min(max(tries - 1, 0), 60) if policy.backoff == "exponential" else 0
    delay = min(policy.cap, base * float(2**doublings))
    return delay * (0.5 + random / 2) if policy.jitter else delay
