"""How an execution is given back while nothing of it runs: waiting for word or time, or paused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from workflows.engine.events import ContinueRequested, PauseRequested
from workflows.engine.steps import State, Step
from workflows.nodes.sdk import Wake
from workflows.runtime.records import StatusChange

HOLDS: Final[dict[str, PauseRequested | ContinueRequested]] = {
    "pause": PauseRequested(),
    "continue": ContinueRequested(),
}
"""Mail that holds an execution back, and that lets it go on."""

PAUSED: Final = {"code": "paused"}


def parked(state: State, due: datetime | None) -> StatusChange:
    if state.paused:
        return StatusChange(status="paused", seq=0, reason=PAUSED)
    return StatusChange(status="waiting", seq=0, due_at=due, reason=_why_waiting(state))


def with_details(wake: Wake, step: Step) -> Wake:
    """What the node kept with its wait is handed back to it."""
    details = (step.wait or {}).get("details")
    return replace(wake, details=details) if details else wake


def why_cancelled(status: str, by: str) -> dict[str, Any] | None:
    """A reason for those that nobody asked to end."""
    return {"code": by} if by and status == "cancelled" else None


def _why_waiting(state: State) -> dict[str, Any]:
    step = next(iter(state.waiting.values()))
    wait = step.wait or {}
    reason = {"code": f"awaits_{wait.get('kind')}", "node": step.node, "detail": wait.get("reason", "")}
    return reason | {"breaker": wait["breaker"]} if "breaker" in wait else reason
