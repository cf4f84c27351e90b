"""Taking over what an earlier owner left: a row becomes the step that the graph has just reached."""

from __future__ import annotations

from workflows.engine.steps import FINAL, State, Step


def row_for(state: State, step: Step) -> Step | None:
    """The row of a step, given once."""
    return None if state.replay is None else state.replay.rows.pop(step.key, None)


def take_over(state: State, step: Step, row: Step) -> None:
    """Go on where the row says. Final steps are not repeated; what ran may have run, and runs again."""
    step.status = row.status
    step.attempt = row.attempt
    step.reason = row.reason
    step.output = row.output
    step.port = row.port
    step.error = row.error
    step.due_at = row.due_at
    step.wait = row.wait
    step.items = row.items
    step.params = row.params
    step.rank = row.rank
    if row.inputs is not None:
        step.inputs = row.inputs
    if step.status in FINAL or step.items is not None:
        state.settling.append(step)
    elif step.status == "waiting":
        state.waiting[step.key] = step
        state.set_alarm(step)
    else:
        state.ready[step.key] = step


def next_rank(state: State) -> int:
    """For what follows from rows without being one: after all of them."""
    if state.replay is None:
        return 0
    state.replay.last_rank += 1
    return state.replay.last_rank
