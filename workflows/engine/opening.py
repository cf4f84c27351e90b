"""Steps begin and end here, and nowhere else: the counts of open steps are kept by these functions alone."""

from __future__ import annotations

from workflows.engine.frames import inner_path
from workflows.engine.plan import PlanNode
from workflows.engine.replay import row_for, take_over
from workflows.engine.scope import input_of
from workflows.engine.steps import DEAD_PATH, DISABLED, FINAL, Fan, Frame, State, Step


def open_step(state: State, frame: Frame, node: PlanNode, inputs: dict[str, str] | None) -> None:
    """The node's turn has come: a step of it is ready, or skipped when it is disabled."""
    step = _new_step(state, frame, node, frame.path)
    step.inputs = inputs
    if node.settings.disabled:
        step.output = input_of(state, step)
        step.port = node.main_port
        _skip(state, step, DISABLED)
    else:
        _enlist(state, step)


def open_item_step(state: State, fan: Fan, index: int) -> Step:
    """One item of a node that is repeated by itself."""
    step = _new_step(state, fan.frame, fan.node, inner_path(fan.frame, "each", index))
    step.fan = fan
    step.index = index
    _enlist(state, step)
    return step


def skip_step(state: State, frame: Frame, node: PlanNode) -> None:
    """No live edge leads to the node, so none leaves it."""
    _skip(state, _new_step(state, frame, node, frame.path), DEAD_PATH)


def note_unreached(state: State, frame: Frame, node: PlanNode, path: str, reason: str) -> None:
    """Its turn never came, and never will."""
    step = _new_step(state, frame, node, path)
    step.status = "cancelled"
    step.reason = reason
    if row_for(state, step) is None:
        state.changed(step)


def end_step(state: State, step: Step, status: str, reason: str | None = None) -> None:
    """Make an open step final; what follows from it is worked out when it settles."""
    key = step.key
    if state.running.pop(key, None) is None and state.waiting.pop(key, None) is None:
        state.ready.pop(key, None)
    step.status = status
    step.reason = reason
    step.due_at = None
    step.wait = None
    step.alarm = 0
    state.changed(step)
    state.settling.append(step)
    release(state, step)


def release(state: State, step: Step) -> None:
    """It is no longer open, in its frame and in those around."""
    frame: Frame | None = step.frame
    while frame is not None:
        frame.active -= 1
        if frame.closed is not None and not frame.active and frame.fan is not None:
            state.emptied.append(frame)
        frame = frame.parent


def _new_step(state: State, frame: Frame, node: PlanNode, path: str) -> Step:
    step = Step(node.id, path)
    step.spec = node
    step.frame = frame
    state.steps[step.key] = step
    return step


def _skip(state: State, step: Step, reason: str) -> None:
    step.status = "skipped"
    step.reason = reason
    if row_for(state, step) is None:
        state.changed(step)
    state.settling.append(step)


def _enlist(state: State, step: Step) -> None:
    frame: Frame | None = step.frame
    while frame is not None:
        frame.active += 1
        frame = frame.parent
    row = row_for(state, step)
    if row is None or row.status == "skipped":
        state.ready[step.key] = step
        return
    take_over(state, step, row)
    if step.status in FINAL:
        release(state, step)
