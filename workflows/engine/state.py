"""Where an execution begins: fresh, or with what an earlier owner left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workflows.engine.apply import RESPOND, timed_out
from workflows.engine.closing import CANCEL_REQUESTED, TIMED_OUT, close, stop_running
from workflows.engine.joins import enter, pass_by
from workflows.engine.plan import Plan
from workflows.engine.settle import settle_all
from workflows.engine.steps import Frame, Replay, State, Step


def begin(
    plan: Plan,
    *,
    trigger_node: str | None,
    trigger: Any,
    variables: Mapping[str, Any],
    execution: Mapping[str, Any],
) -> State:
    """An execution at its start. The other triggers lead nowhere."""
    state = _fresh(plan, trigger_node, trigger, variables, execution)
    _start(state)
    return state


def restore(
    plan: Plan,
    rows: Iterable[Step],
    *,
    trigger_node: str | None,
    trigger: Any,
    variables: Mapping[str, Any],
    execution: Mapping[str, Any],
) -> State:
    """An execution as an earlier owner left it.

    `rows` are records in the order of their latest change; of several for one key the last counts. What was
    running is handed out again as resumed; a request to cancel or pause, or a timeout, is to be given again.
    """
    state = _fresh(plan, trigger_node, trigger, variables, execution)
    replay = state.replay = _replay(rows)
    kept = list(replay.rows.values())
    _start(state)
    _recall(state, kept)
    if not replay.rows:
        state.replay = None
    return state


def _fresh(
    plan: Plan,
    trigger_node: str | None,
    trigger: Any,
    variables: Mapping[str, Any],
    execution: Mapping[str, Any],
) -> State:
    return State(
        plan=plan,
        trigger_node=trigger_node,
        trigger=trigger,
        variables=dict(variables),
        execution=dict(execution),
        root=Frame(plan.root, "", None),
    )


def _start(state: State) -> None:
    for node in state.plan.roots:
        if node.spec.trigger and node.id != state.trigger_node:
            pass_by(state, state.root, node)
        else:
            enter(state, state.root, node)
    settle_all(state)


def _replay(rows: Iterable[Step]) -> Replay:
    replay = Replay({})
    for rank, row in enumerate(rows, start=1):
        row.rank = rank
        replay.last_rank = rank
        replay.rows.pop(row.key, None)
        replay.rows[row.key] = row
    return replay


def _recall(state: State, rows: list[Step]) -> None:
    """What is not a step but shows in them: the answer given, and why all was cancelled."""
    for row in rows:
        if row.status == "succeeded" and row.node in state.plan.nodes and _responds(state, row):
            state.response = row
        if row.reason in (CANCEL_REQUESTED, TIMED_OUT) and state.outcome is None:
            state.outcome = "cancelled" if row.reason == CANCEL_REQUESTED else "failed"
            state.error = timed_out(state) if row.reason == TIMED_OUT else None
            close(state, state.root, row.reason)
            stop_running(state)
    settle_all(state)


def _responds(state: State, row: Step) -> bool:
    return state.plan.nodes[row.node].kind == RESPOND
