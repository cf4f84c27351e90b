"""Plans of definitions that executions ran, for what must be worked out from the graph again."""

from __future__ import annotations

import functools
import uuid

from studio.kernel.errors import Invalid, NodeError, NotFound
from workflows.engine.graph import compile_plan
from workflows.engine.plan import Plan
from workflows.nodes import registry
from workflows.services.definitions import load_definition

_KEPT = 64


def plan_of(workspace_id: uuid.UUID, definition_id: uuid.UUID) -> Plan | None:
    """None when the definition is gone, or names a kind that is not installed here any more."""
    try:
        return _compiled(workspace_id, definition_id)
    except (NotFound, Invalid, NodeError):
        return None


@functools.lru_cache(maxsize=_KEPT)
def _compiled(workspace_id: uuid.UUID, definition_id: uuid.UUID) -> Plan:
    # A definition is named by its content: what is kept here never goes stale.
    return compile_plan(load_definition(workspace_id, definition_id), registry)
