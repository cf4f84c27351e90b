"""Loops: visits one after the other, and the edges that lead back into them or out of them."""

from __future__ import annotations

from studio.kernel.errors import Category
from workflows.engine.errors import error_body
from workflows.engine.failures import fail
from workflows.engine.frames import open_visit
from workflows.engine.joins import arrive
from workflows.engine.opening import open_step
from workflows.engine.plan import PlanEdge
from workflows.engine.steps import Frame, LoopRun, State


def cross(frame: Frame, edge: PlanEdge, iteration: str) -> None:
    """Note a live edge that leads back or out; it counts when the visit, or the loop, is through."""
    inside = edge.up if edge.back else edge.up - 1
    for _ in range(inside):
        frame = _run(frame).frame
    if edge.back:
        frame.continued = True
    else:
        _run(frame).live_exits[edge.index] = iteration


def end_visit(state: State, visit: Frame) -> bool:
    """A visit is through: begin the next one, or leave the loop; True when it was left."""
    run = _run(visit)
    if not visit.continued:
        run.current = None
        for edge in run.scope.exits:
            live = run.live_exits.get(edge.index)
            arrive(state, run.frame, edge, live=live is not None, iteration=live or "")
        return True
    header = run.scope.header
    if header is None:
        raise AssertionError("every loop has a first node")
    most = state.plan.settings.max_iterations
    if run.visits < most:
        open_step(state, open_visit(run), header, run.inputs)
    else:
        message = f"The loop at {header.id} did not end within {most:,} visits."
        error = error_body(
            code="max_iterations_reached", category=Category.QUOTA, message=message, node=header.id, attempt=1
        )
        fail(state, visit, error)
    return False


def _run(frame: Frame) -> LoopRun:
    if frame.run is None:
        raise AssertionError("only visits of loops are left or repeated")
    return frame.run
