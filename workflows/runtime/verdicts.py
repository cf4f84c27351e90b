"""What the end of an attempt means: results and errors in, engine events out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from studio.kernel.errors import Category, NodeError, NodeTimedOut, OutcomeUnknown, Permanent
from workflows.engine.errors import body_of
from workflows.engine.events import Event, StepFailed, StepItems, StepRetrying, StepSucceeded, StepWaiting
from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.kinds import Effect
from workflows.engine.retry import decide_retry
from workflows.engine.steps import Step
from workflows.nodes.sdk import Items, To, Wait
from workflows.runtime.plans import Prepared


def event_of(step: Step, result: Any, now: datetime) -> Event:
    """What a node's result means; sub-workflows are the runner's business."""
    match result:
        case To(port=port, output=output):
            return StepSucceeded(step.key, output, port)
        case Wait():
            return _waiting(step, result, now)
        case Items(items=items, limit=limit):
            return StepItems(step.key, items, limit)
    return StepSucceeded(step.key, result)


def failure_of(
    step: Step, prepared: Prepared, error: NodeError, *, effect: Effect, now: datetime, random: float
) -> Event:
    """Another try, or the end of the step."""
    policy = prepared.plan.settings.retry
    decision = decide_retry(
        policy,
        category=error.category,
        attempt=step.counted,
        effect=effect,
        retry_after=error.retry_after,
        unknown_outcome_ok=policy.unknown_outcome or prepared.node.honours_idempotency_key,
        random=random,
        free_tries=step.free_tries,
    )
    body = body_of(error, node=step.node, attempt=step.attempt)
    body["message"] = body["message"].replace("\x00", "")
    if decision.delay is None:
        return StepFailed(step.key, body)
    return StepRetrying(step.key, body, now + timedelta(seconds=decision.delay), decision.counts)


def overdue(node: str, seconds: float, *, effect: Effect) -> NodeError:
    """An attempt that was cut off: a write that may have been sent leaves its outcome unknown."""
    if effect is Effect.WRITE:
        return OutcomeUnknown(
            reason=f"{node} was still running after {seconds:g} s and was stopped."
            " What it sent may or may not have had its effect."
        )
    return NodeTimedOut(node=node, seconds=seconds)


def at_deadline(node: str, seconds: float, error: NodeError) -> NodeError:
    """What a client says when the attempt's time is up, in the words of the node."""
    if isinstance(error, OutcomeUnknown):
        return overdue(node, seconds, effect=Effect.WRITE)
    return NodeTimedOut(node=node, seconds=seconds) if error.category is Category.TIMEOUT else error


def lost_write(node: str) -> OutcomeUnknown:
    """A write whose worker was lost, of a kind that cannot send it again without acting twice."""
    return OutcomeUnknown(
        reason=f"The worker was lost while {node} was being sent: it may or may not have had its effect."
    )


def not_json(error: Exception) -> Permanent:
    """An output that cannot be stored."""
    what = "an integer of more than 64 bits" if isinstance(error, OverflowError) else "what JSON cannot say"
    return Permanent(reason=f"The output holds {what}.", category=Category.BUG, error_code="output_not_json")


def not_a_list() -> Permanent:
    return Permanent(
        reason="What for_each maps over must be a list.", category=Category.BAD_INPUT, error_code="not_a_list"
    )


def bad_expression(error: ExpressionError) -> Permanent:
    return Permanent(reason=str(error), category=Category.BAD_INPUT, error_code="expression_error")


def defect(error: Exception) -> Permanent:
    """A defect of the node's code. Its text may hold anything, so only the kind of error is told."""
    return Permanent(
        reason=f"The node stopped with an unexpected error ({type(error).__name__}).",
        category=Category.BUG,
        error_code="node_defect",
    )


def _waiting(step: Step, wait: Wait, now: datetime) -> StepWaiting:
    due_at = wait.until
    if wait.seconds is not None:
        due_at = now + timedelta(seconds=wait.seconds)
    kept: dict[str, Any] = {"kind": "timer" if wait.signal is None else "signal", "reason": wait.reason}
    if wait.signal is not None:
        kept["name"] = wait.signal
    if wait.details is not None:
        kept["details"] = dict(wait.details)
    return StepWaiting(step.key, kept, due_at)
