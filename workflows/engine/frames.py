"""Opening what shares an iteration path: a visit of a loop, an item of a body."""

from __future__ import annotations

from workflows.engine.steps import Fan, Frame, LoopRun


def open_visit(run: LoopRun) -> Frame:
    run.visits += 1
    around = run.frame
    visit = Frame(run.scope, inner_path(around, "loop", run.visits), around)
    visit.region = around.region
    visit.visits = (*around.visits, run.visits)
    visit.run = run
    run.current = visit
    return visit


def open_item(fan: Fan, index: int) -> Frame:
    body = fan.node.body
    if body is None:
        raise AssertionError("only nodes with a body have items that are frames")
    item = Frame(body, inner_path(fan.frame, "each", index), fan.frame)
    item.fan = fan
    item.index = index
    return item


def inner_path(frame: Frame, scope: str, number: int) -> str:
    return f"{frame.path}/{scope}.{number}" if frame.path else f"{scope}.{number}"


def body_around(frame: Frame) -> Frame:
    """The item it lies in, or the execution itself: what a failure ends."""
    while frame.run is not None:
        frame = frame.run.frame
    return frame
