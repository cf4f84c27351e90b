"""From a claimed execution to a run: fresh, or as its last owner left it."""

from __future__ import annotations

from typing import Any

from studio.kernel.clock import rfc3339
from workflows.engine.state import begin, restore
from workflows.engine.steps import State
from workflows.runtime import payload
from workflows.runtime.loading import Loaded
from workflows.runtime.plans import Compiled
from workflows.runtime.records import Claimed


def state_of(loaded: Loaded, compiled: Compiled) -> State:
    claimed = loaded.claimed
    given: dict[str, Any] = {
        "trigger_node": claimed.trigger_node,
        "trigger": payload.load(claimed.input),
        "variables": loaded.variables,
        "execution": facts(claimed),
    }
    if loaded.kept is None:
        return begin(compiled.plan, **given)
    return restore(compiled.plan, loaded.kept.steps, **given)


def facts(claimed: Claimed) -> dict[str, Any]:
    """What expressions see as `execution`: nothing that a later owner would see differently."""
    return {
        "id": str(claimed.id),
        "workflow": None if claimed.workflow_id is None else str(claimed.workflow_id),
        "version": claimed.version,
        "trigger": {"node": claimed.trigger_node, "kind": claimed.trigger_kind},
        "created_at": rfc3339(claimed.created_at),
        "started_at": rfc3339(claimed.started_at),
    }
