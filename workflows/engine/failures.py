"""What a failed step leads to: its node may handle it, or it ends the item or the execution around it."""

from __future__ import annotations

import heapq

from workflows.engine.closing import EXECUTION_FAILED, ITEM_FAILED, close, halt
from workflows.engine.errors import ErrorBody, error_document
from workflows.engine.frames import body_around
from workflows.engine.kinds import ERROR
from workflows.engine.replay import next_rank
from workflows.engine.scope import input_of
from workflows.engine.steps import Fan, Frame, State, Step


def handle(state: State, step: Step) -> bool:
    """Apply the node's `on_error` to a failed step; True when its edges can be settled now."""
    node = step.spec
    error = step.error or {}
    chosen = node.settings.on_error
    if chosen == "stop":
        step.handled = _is_spared(step.frame)
        fail(state, step.frame, error, rank=step.rank)
        return False
    step.handled = True
    if node.fallback is not None:
        return False
    step.output = error_document(error, input_of(state, step))
    step.port = ERROR if chosen == "branch" else node.main_port
    return True


def fail(state: State, frame: Frame, error: ErrorBody, *, rank: int = 0) -> None:
    """End the item around, or the execution: nothing new starts in it."""
    body = body_around(frame)
    if not _defer(state, body, body.path, rank, error):
        _end(state, body, error)


def fail_item(state: State, step: Step, fan: Fan) -> bool:
    """An item by itself failed, which halts the for_each; False while that is put off."""
    error = step.error or {}
    if not fan.halted and _defer(state, step, step.iteration, step.rank, error):
        return False
    halt(state, fan, ITEM_FAILED, error)
    return True


def next_deferred(state: State) -> bool:
    """Let the earliest of the innermost failures have its effect; False when there is none."""
    replay = state.replay
    if replay is None or not replay.failures:
        return False
    _, _, failed, error = heapq.heappop(replay.failures)
    if isinstance(failed, Frame):
        _end(state, failed, error)
    elif failed.fan is not None:
        halt(state, failed.fan, ITEM_FAILED, error)
        state.settling.append(failed)
    return True


def _defer(state: State, failed: Frame | Step, path: str, rank: int, error: ErrorBody) -> bool:
    replay = state.replay
    if replay is None:
        return False
    depth = len(path.split("/")) if path else 0
    heapq.heappush(replay.failures, (-depth, rank or next_rank(state), failed, error))
    return True


def _end(state: State, body: Frame, error: ErrorBody) -> None:
    if body.closed is not None:
        return
    body.error = error
    if body.fan is None:
        state.outcome = "failed"
        state.error = error
        close(state, body, EXECUTION_FAILED)
        return
    close(state, body, ITEM_FAILED)
    if body.fan.mode == "stop":
        halt(state, body.fan, ITEM_FAILED, error)


def _is_spared(frame: Frame) -> bool:
    """Whether a for_each around puts up with failed items."""
    fan = body_around(frame).fan
    return fan is not None and fan.mode != "stop"
