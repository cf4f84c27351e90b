"""Nothing new starts: what has not begun is cancelled, what runs is left to finish."""

from __future__ import annotations

from workflows.engine.errors import ErrorBody
from workflows.engine.frames import inner_path
from workflows.engine.opening import end_step, note_unreached
from workflows.engine.plan import PlanScope
from workflows.engine.steps import Fan, Frame, State, Step

EXECUTION_FAILED = "execution_failed"
ITEM_FAILED = "item_failed"
CANCEL_REQUESTED = "cancel_requested"
TIMED_OUT = "execution_timed_out"


def close(state: State, frame: Frame, reason: str) -> None:
    """Close a frame and all within it."""
    if frame.closed is not None:
        return
    frame.closed = reason
    for node in frame.scope.nodes:
        step = state.steps.get((node.id, frame.path))
        if step is None:
            note_unreached(state, frame, node, frame.path, reason)
        elif not step.is_final:
            _close_step(state, step, reason)
    for scope in frame.scope.loops:
        _close_loop(state, frame, scope, reason)
    if frame.fan is not None and not frame.active:
        state.emptied.append(frame)


def halt(state: State, fan: Fan, reason: str, error: ErrorBody | None) -> None:
    """Open no more items, and let those that are open come to an end."""
    if fan.halted:
        return
    fan.halted = True
    fan.error = error
    for held in list(fan.open.values()):
        if isinstance(held, Frame):
            close(state, held, reason)
        elif not held.is_final:
            _close_step(state, held, reason)


def stop_running(state: State) -> None:
    """Ask for every running step to be stopped; those not yet handed out again are simply over."""
    state.stops.extend(state.running)
    for step in list(state.ready.values()):
        cancel(state, step, closed_by(step) or CANCEL_REQUESTED)


def cancel(state: State, step: Step, reason: str) -> None:
    """End an open step that the runtime does not hold."""
    if step.wait is not None and step.wait.get("kind") == "child":
        state.stops.append(step.key)
    end_step(state, step, "cancelled", reason)


def closed_by(step: Step) -> str | None:
    """Why nothing may follow from this step; None while all is open."""
    if step.frame.closed is not None:
        return step.frame.closed
    return ITEM_FAILED if step.fan is not None and step.fan.halted else None


def _close_step(state: State, step: Step, reason: str) -> None:
    fan = step.frame.fans.get(step.node) if step.fan is None else None
    if fan is not None:
        halt(state, fan, reason, None)
    elif step.key not in state.running and step.status != "running":
        cancel(state, step, reason)


def _close_loop(state: State, frame: Frame, scope: PlanScope, reason: str) -> None:
    run = None if scope.header is None else frame.runs.get(scope.header.id)
    if run is None:
        _note_loop(state, frame, scope, inner_path(frame, "loop", 1), reason)
    elif run.current is not None:
        close(state, run.current, reason)


def _note_loop(state: State, frame: Frame, scope: PlanScope, path: str, reason: str) -> None:
    for node in scope.nodes:
        note_unreached(state, frame, node, path, reason)
    for inner in scope.loops:
        _note_loop(state, frame, inner, f"{path}/loop.1", reason)
