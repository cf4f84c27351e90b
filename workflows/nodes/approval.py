"""Asking people: an approval waits for their decisions, and holds no worker meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from studio.kernel.clock import rfc3339
from workflows.engine.kinds import Effect
from workflows.nodes.sdk import Example, Node, NodeContext, NodeParams, Param, To, Wait, Wake
from workflows.nodes.values import Instant, given_names

LONGEST_WAIT_SECONDS = 10 * 366 * 86_400
SIGNAL_PREFIX = "approval:"
"""No name of a plain signal begins so: a decision comes through the door that checks who decides."""

APPROVE, REJECT = "approve", "reject"


class FormField(NodeParams):
    """Something an approver fills in."""

    name: str = Param(pattern=r"^[a-z][a-z0-9_]{0,62}$", template=False)
    title: str = Param("", max_length=200, template=False)
    type: Literal["string", "number", "integer", "boolean"] = Param("string", template=False)
    required: bool = Param(False, template=False)
    choices: list[str] | None = Param(None, min_length=1, max_length=100, template=False)


class Approval(Node):
    """Wait until people approve or reject; a deadline leads along `timed_out`.

    `approvers` are roles (and all greater ones) or e-mail addresses. It is approved once `required` of them have
    said so, and rejected as soon as one says no. Whoever started the execution may decide only with `allow_self`.
    """

    kind = "flow.approval"
    effect = Effect.NONE
    ports = ("approved", "rejected", "timed_out")
    branching = True
    timeout = None
    example = Example(
        params={"approvers": ["admin"], "message": "Pay the invoice?", "seconds": 0},
        output={"decision": "timed_out", "decisions": [], "form": {}, "input": None},
        port="timed_out",
    )

    class Params(NodeParams):
        approvers: list[str] = Param(["operator"], min_length=1, max_length=50)
        required: int = Param(1, ge=1, le=50)
        message: str = Param("", max_length=4000)
        form: list[FormField] = Param([], max_length=50, template=False)
        seconds: float | None = Param(None, ge=0, le=LONGEST_WAIT_SECONDS)
        until: Instant | None = Param(None, widget="datetime")
        allow_self: bool = Param(False, template=False)

        @classmethod
        def cross_check(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
            if len(given_names(given, "seconds", "until")) == 2:
                yield "until", "conflict", "Give either seconds or until."
            approvers, required = given.get("approvers"), given.get("required", 1)
            if (
                approvers
                and _all_people(approvers)
                and isinstance(required, int)
                and required > len(approvers)
            ):
                yield "required", "out_of_range", "More approvals are required than there are approvers."

    def run(self, params: Params, ctx: NodeContext) -> Any:
        deadline = params.until
        if params.seconds is not None:
            deadline = ctx.now + timedelta(seconds=params.seconds)
        if deadline is not None and deadline <= ctx.now:
            return To("timed_out", _output("timed_out", [], ctx))
        return _wait(params, ctx, deadline, [])

    def wake(self, params: Params, ctx: NodeContext, wake: Wake) -> Any:
        decisions = list(wake.details.get("decisions", ()))
        if wake.cause != "signal":
            return To("timed_out", _output("timed_out", decisions, ctx))
        decision = wake.payload
        if not any(_person(one) == _person(decision) for one in decisions):
            decisions.append(decision)
        if decisions and decisions[-1]["decision"] == REJECT:
            return To("rejected", _output("rejected", decisions, ctx))
        if len(decisions) >= params.required:
            return To("approved", _output("approved", decisions, ctx))
        deadline = wake.details.get("deadline")
        return _wait(params, ctx, None if deadline is None else datetime.fromisoformat(deadline), decisions)


def signal_of(node: str, iteration: str) -> str:
    """The name under which one step takes decisions: `<node>`, or `<node>.each.3` for an item."""
    return f"{node}.{iteration.replace('/', '.')}" if iteration else node


def _all_people(approvers: Any) -> bool:
    return isinstance(approvers, list) and all(
        isinstance(one, str) and "@" in one and "{{" not in one for one in approvers
    )


def _wait(params: Approval.Params, ctx: NodeContext, deadline: datetime | None, decisions: list[Any]) -> Wait:
    name = signal_of(ctx.node, ctx.iteration)
    details = {
        "approval": name,
        "message": params.message,
        "approvers": params.approvers,
        "required": params.required,
        "form": [field.model_dump() for field in params.form],
        "allow_self": params.allow_self,
        "deadline": None if deadline is None else rfc3339(deadline),
        "decisions": decisions,
    }
    reason = f"approval {len(decisions)} of {params.required}"
    return Wait(until=deadline, signal=SIGNAL_PREFIX + name, reason=reason, details=details)


def _person(decision: Mapping[str, Any]) -> Any:
    return decision["by"].get("id") or decision["by"].get("name")


def _output(decision: str, decisions: list[Any], ctx: NodeContext) -> dict[str, Any]:
    form: dict[str, Any] = next((one["form"] for one in reversed(decisions) if one.get("form")), {})
    return {"decision": decision, "decisions": decisions, "form": form, "input": ctx.input}
