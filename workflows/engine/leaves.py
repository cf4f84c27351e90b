"""What a body or the whole graph yields: the output that went nowhere further."""

from __future__ import annotations

from typing import Any

from workflows.engine.steps import State


def live_leaf(state: State, owner: str | None, path: str) -> Any:
    """The output of the only live leaf, or an object by node id; null when none is live."""
    found: dict[str, Any] = {}
    for node in state.plan.ends.get(owner, ()):
        if node.loops:
            visit = state.latest.get((node.id, path))
            step = None if visit is None else visit[1]
        else:
            step = state.steps.get((node.id, path))
        if step is not None and step.port is not None and not node.outgoing.get(step.port):
            found[node.id] = step.output
    if len(found) > 1:
        return found
    return next(iter(found.values()), None)
