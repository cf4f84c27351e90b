"""What follows from a step that is final: its edges, its fallback, its loop, its item. No event recurses here."""

from __future__ import annotations

from workflows.engine.failures import handle, next_deferred
from workflows.engine.items import leave_item, leave_item_step, open_fan
from workflows.engine.joins import arrive, enter, pass_by
from workflows.engine.loops import cross, end_visit
from workflows.engine.steps import Frame, State, Step


def settle_all(state: State) -> None:
    """Work out everything that the last event leads to."""
    settling, emptied = state.settling, state.emptied
    while True:
        while settling:
            _settle(state, settling.popleft())
        if emptied:
            leave_item(state, emptied.popleft())
        elif not next_deferred(state):
            return


def _settle(state: State, step: Step) -> None:
    if step.fan is not None:
        leave_item_step(state, step.fan, step)
    elif step.frame.closed is not None or step.status == "cancelled":
        return
    elif step.status == "running":
        open_fan(state, step)
    elif step.status != "failed" or step.settled:
        _pass_on(state, step)
    elif step.reason is None:
        if handle(state, step):
            _pass_on(state, step)
        elif step.spec.fallback is not None:
            enter(state, step.frame, step.spec.fallback)


def _pass_on(state: State, step: Step) -> None:
    """Let the edges deliver, or be dead."""
    node, frame, port, iteration = step.spec, step.frame, step.port, step.iteration
    if node.loops:
        state.latest[(node.id, frame.region)] = (frame.visits, step)
    for edge in node.edges:
        live = edge.port == port
        if not edge.up and not edge.back:
            arrive(state, frame, edge, live, iteration)
        elif live:
            cross(frame, edge, iteration)
    if node.fallback is not None and not step.settled:
        pass_by(state, frame, node.fallback)
    if node.rescues is not None:
        _stand_in(state, step)
    _count_down(state, frame)


def _stand_in(state: State, step: Step) -> None:
    """The fallback is through: its output stands for that of the node that failed."""
    rescued = None if step.spec.rescues is None else state.steps.get((step.spec.rescues.id, step.frame.path))
    if rescued is None or rescued.status != "failed":
        return
    if step.port is not None and (step.status != "failed" or step.port == step.spec.main_port):
        rescued.output = step.output
        rescued.port = rescued.spec.main_port
    rescued.settled = True
    state.settling.append(rescued)


def _count_down(state: State, frame: Frame) -> None:
    """One node or loop of the frame is through; it may have been the last, of this frame and of those around."""
    frame.left -= 1
    while not frame.left:
        if frame.fan is not None:
            leave_item(state, frame)
            return
        if frame.run is None or not end_visit(state, frame):
            return
        frame = frame.run.frame
        frame.left -= 1
