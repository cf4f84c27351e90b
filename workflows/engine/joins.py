"""Where edges meet: a node starts when enough of its edges are live, and is passed by when too many are dead."""

from __future__ import annotations

from workflows.engine.frames import open_visit
from workflows.engine.opening import open_step, skip_step
from workflows.engine.plan import PlanEdge, PlanNode
from workflows.engine.steps import Arrivals, Frame, LoopRun, State


def arrive(state: State, frame: Frame, edge: PlanEdge, live: bool, iteration: str) -> None:
    """An edge has delivered, or is dead; `iteration` is that of the step it comes from."""
    node = edge.target
    if node.fan_in == 1:
        if live:
            enter(state, frame, node, {edge.source.id: iteration} if node.remembers else None)
        else:
            pass_by(state, frame, node)
        return
    arrivals = frame.arrivals.get(node.id)
    if arrivals is None:
        arrivals = frame.arrivals[node.id] = Arrivals()
    elif arrivals.done:
        return
    if live:
        arrivals.live += 1
        if node.remembers:
            arrivals.inputs[edge.source.id] = iteration
    else:
        arrivals.dead += 1
    starts = _verdict(node, arrivals)
    if starts is None:
        return
    arrivals.done = True
    if starts:
        enter(state, frame, node, arrivals.inputs if node.remembers else None)
    else:
        pass_by(state, frame, node)


def enter(state: State, frame: Frame, node: PlanNode, inputs: dict[str, str] | None = None) -> None:
    """Open the node's step; the first node of a loop opens the loop's first visit."""
    if node.loop is not None:
        frame = _begin_loop(frame, node, inputs)
    open_step(state, frame, node, inputs)


def pass_by(state: State, frame: Frame, node: PlanNode) -> None:
    """A loop that is never entered is passed by in one visit, so that each of its steps says so."""
    if node.loop is not None:
        frame = _begin_loop(frame, node, None)
    skip_step(state, frame, node)


def _begin_loop(frame: Frame, node: PlanNode, inputs: dict[str, str] | None) -> Frame:
    if node.loop is None:
        raise AssertionError("only the first node of a loop begins it")
    run = frame.runs[node.id] = LoopRun(node.loop, frame, inputs)
    return open_visit(run)


def _verdict(node: PlanNode, arrivals: Arrivals) -> bool | None:
    """Whether it starts or never will; None while that is open."""
    if node.needs is None:
        return arrivals.live > 0 if arrivals.live + arrivals.dead == node.fan_in else None
    if arrivals.live >= node.needs:
        return True
    return False if arrivals.dead > node.fan_in - node.needs else None
