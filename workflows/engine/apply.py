"""What an event means for an execution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.kernel.errors import Category
from workflows.engine.closing import (
    CANCEL_REQUESTED,
    TIMED_OUT,
    cancel,
    close,
    closed_by,
    stop_running,
)
from workflows.engine.errors import ErrorBody, error_body, placed
from workflows.engine.events import (
    CancelRequested,
    ContinueRequested,
    Event,
    ExecutionTimedOut,
    PauseRequested,
    StepCancelled,
    StepFailed,
    StepItems,
    StepParked,
    StepRetrying,
    StepStarted,
    StepSucceeded,
    StepWaiting,
)
from workflows.engine.opening import end_step
from workflows.engine.settle import settle_all
from workflows.engine.steps import FINAL, RETRY, State, Step

RESPOND = "flow.respond"


def apply(state: State, event: Event) -> None:
    """Take in one event. A late one, about a step that is final already, changes nothing."""
    if isinstance(event, CancelRequested):
        _cancel(state)
    elif isinstance(event, ExecutionTimedOut):
        _time_out(state)
    elif isinstance(event, PauseRequested | ContinueRequested):
        state.paused = isinstance(event, PauseRequested)
    else:
        step = state.steps[event.key]
        if step.status not in FINAL:
            _APPLY[type(event)](state, step, event)
    if state.settling or state.emptied:
        settle_all(state)


def _started(state: State, step: Step, event: StepStarted) -> None:
    if step.status == "running" or (step.status == "waiting" and not step.is_between_tries):
        return
    step.status = "running"
    step.attempt += 1
    step.due_at = None
    state.changed(step)


def _succeeded(state: State, step: Step, event: StepSucceeded) -> None:
    step.output = event.output
    step.port = event.port
    step.error = None
    end_step(state, step, "succeeded")
    if step.spec.kind == RESPOND:
        state.response = step


def _failed(state: State, step: Step, event: StepFailed) -> None:
    step.error = placed(event.error, step.node, step.attempt)
    end_step(state, step, "failed", closed_by(step))


def _retrying(state: State, step: Step, event: StepRetrying) -> None:
    if closed_by(step) is not None:
        step.error = placed(event.error, step.node, step.attempt)
        end_step(state, step, "failed", closed_by(step))
        return
    step.error = placed(event.error, step.node, step.attempt)
    free = step.free_tries + (0 if event.counts else 1)
    step.wait = {"kind": RETRY, "free_tries": free}
    step.due_at = event.due_at
    _park(state, step)


def _waiting(state: State, step: Step, event: StepWaiting) -> None:
    free = step.free_tries
    step.wait = {**event.wait, "free_tries": free} if free else event.wait
    reason = closed_by(step)
    if reason is not None:
        cancel(state, step, reason)
        return
    step.due_at = event.due_at
    _park(state, step)


def _parked(state: State, step: Step, event: StepParked) -> None:
    step.attempt -= 1
    _waiting(state, step, StepWaiting(step.key, event.wait, event.due_at))


def _items(state: State, step: Step, event: StepItems) -> None:
    reason = closed_by(step)
    if reason is not None:
        cancel(state, step, reason)
        return
    state.changed(step)
    step.status = "running"
    step.items = event.items
    step.wait = None if event.limit is None else {"kind": "items", "limit": event.limit}
    state.running.pop(step.key, None)
    state.settling.append(step)


def _stopped(state: State, step: Step, event: StepCancelled) -> None:
    reason = closed_by(step)
    if reason is not None:
        end_step(state, step, "cancelled", reason)
        return
    error = error_body(
        code="step_cancelled", category=Category.CANCELLED, message=f"{step.node} was stopped."
    )
    _failed(state, step, StepFailed(step.key, error))


def _park(state: State, step: Step) -> None:
    key = step.key
    state.running.pop(key, None)
    state.ready.pop(key, None)
    step.status = "waiting"
    step.alarm = 0
    state.waiting[key] = step
    state.set_alarm(step)
    state.changed(step)


def _cancel(state: State) -> None:
    if state.is_over:
        return
    if state.outcome is None:
        state.outcome = "cancelled"
    close(state, state.root, CANCEL_REQUESTED)
    stop_running(state)


def _time_out(state: State) -> None:
    if state.is_over:
        return
    if state.outcome is None:
        state.outcome = "failed"
        state.error = timed_out(state)
    close(state, state.root, TIMED_OUT)
    stop_running(state)


def timed_out(state: State) -> ErrorBody:
    seconds = state.plan.settings.timeout
    limit = "its timeout" if seconds is None else f"{seconds:g} s"
    message = f"The execution ran for longer than {limit}."
    return error_body(code=TIMED_OUT, category=Category.TIMEOUT, message=message)


_APPLY: dict[type, Callable[[State, Step, Any], None]] = {
    StepStarted: _started,
    StepSucceeded: _succeeded,
    StepFailed: _failed,
    StepRetrying: _retrying,
    StepWaiting: _waiting,
    StepParked: _parked,
    StepItems: _items,
    StepCancelled: _stopped,
}
