"""for_each: a list is mapped over, a few items at a time, and the results keep its order."""

from __future__ import annotations

from typing import Any

from workflows.engine.errors import error_document
from workflows.engine.failures import fail_item
from workflows.engine.frames import open_item
from workflows.engine.joins import arrive, enter
from workflows.engine.leaves import live_leaf
from workflows.engine.opening import end_step, open_item_step
from workflows.engine.steps import Fan, Frame, State, Step


def open_fan(state: State, step: Step) -> None:
    """The list is known: begin."""
    for_each = step.spec.for_each
    if for_each is None:
        raise AssertionError("only a for_each has items")
    limit = (step.wait or {}).get("limit") or for_each.limit
    fan = Fan(step, step.items or [], limit, for_each.on_item_error)
    step.frame.fans[step.node] = fan
    _advance(state, fan)


def leave_item(state: State, item: Frame) -> None:
    """An item of a body is through, or closed with nothing open in it any more."""
    fan = item.fan
    if fan is None or fan.open.pop(item.index, None) is None:
        return
    if item.error is not None:
        fan.results[item.index] = _in_place_of(fan, item.index, item.error)
    else:
        fan.results[item.index] = live_leaf(state, fan.node.id, item.path)
    _advance(state, fan)


def leave_item_step(state: State, fan: Fan, step: Step) -> None:
    """An item of a node that is repeated by itself is final."""
    if step.status == "succeeded":
        fan.results[step.index] = step.output
    elif step.status == "failed" and step.reason is None:
        if fan.mode != "stop":
            step.handled = True
            fan.results[step.index] = _in_place_of(fan, step.index, step.error or {})
        elif not fail_item(state, step, fan):
            return
    fan.open.pop(step.index, None)
    _advance(state, fan)


def _advance(state: State, fan: Fan) -> None:
    while not fan.halted and fan.next < len(fan.items) and len(fan.open) < fan.limit:
        index = fan.next
        fan.next += 1
        if fan.node.body is None:
            fan.open[index] = open_item_step(state, fan, index)
        elif fan.node.body.nodes or fan.node.body.loops:
            _open_body(state, fan, index)
    if not fan.open:
        _end(state, fan)


def _open_body(state: State, fan: Fan, index: int) -> None:
    item = fan.open[index] = open_item(fan, index)
    for edge in fan.node.item_edges:
        arrive(state, item, edge, live=True, iteration=fan.step.iteration)
    for node in fan.node.starts:
        enter(state, item, node)


def _end(state: State, fan: Fan) -> None:
    step = fan.step
    del fan.frame.fans[step.node]
    if fan.frame.closed is not None:
        end_step(state, step, "cancelled", fan.frame.closed)
    elif fan.halted:
        step.error = fan.error
        end_step(state, step, "failed")
    else:
        step.output = fan.results
        step.port = fan.node.main_port
        end_step(state, step, "succeeded")


def _in_place_of(fan: Fan, index: int, error: dict[str, Any]) -> Any:
    return error_document(error, fan.items[index]) if fan.mode == "collect" else None
