"""Steering an execution: items, waits, loops, other workflows, the answer, and failing on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from studio.kernel.errors import TRANSIENT, Category, NodeError, Permanent, Transient
from workflows.engine.kinds import Effect
from workflows.nodes.sdk import Child, Example, Items, Node, NodeContext, NodeParams, Param, To, Wait, Wake
from workflows.nodes.values import Condition, Instant, given_names

LONGEST_WAIT_SECONDS = 10 * 366 * 86_400
_SIGNAL = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"


class ForEach(Node):
    """Run the nodes inside once for each item of a list, several at a time; the results keep their order.

    `on_item_error` says what a failed item does: `stop` fails the node, `null` puts null in its place,
    `collect` puts the error there.
    """

    kind = "flow.for_each"
    effect = Effect.NONE
    ports = ("item", "done")
    opens_items = True
    timeout = None
    example = Example(
        params={"items": [1, 2, 3], "limit": 2},
        output={"items": [1, 2, 3], "limit": 2, "on_item_error": "stop"},
        port="item",
    )

    class Params(NodeParams):
        items: list[Any] = Param(max_length=100_000)
        limit: int = Param(10, ge=1, le=1000)
        on_item_error: Annotated[
            Literal["stop", "null", "collect"],
            BeforeValidator(lambda value: "null" if value is None else value),
        ] = Param("stop", template=False)

    def run(self, params: Params, ctx: NodeContext) -> Items:
        return Items(params.items, params.limit, params.on_item_error)


class WaitFor(Node):
    """Wait for a span of time, until a time, or for a signal; nothing is kept busy meanwhile.

    A timer passes its input on. A signal's payload is the output; a time beside it is its deadline.
    """

    kind = "flow.wait"
    effect = Effect.NONE
    timeout = None
    example = Example(params={"seconds": 0}, input={"id": 7}, output={"id": 7})

    class Params(NodeParams):
        seconds: float | None = Param(None, ge=0, le=LONGEST_WAIT_SECONDS)
        until: Instant | None = Param(None, widget="datetime")
        signal: str | None = Param(None, pattern=_SIGNAL)

        @classmethod
        def cross_check(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
            times = given_names(given, "seconds", "until")
            if len(times) == 2:
                yield "until", "conflict", "Give either seconds or until."
            if not times and not given_names(given, "signal"):
                yield "", "required", "Give one of seconds, until, signal."

    def run(self, params: Params, ctx: NodeContext) -> Any:
        if params.signal is not None:
            return Wait(
                until=params.until, seconds=params.seconds, signal=params.signal,
                reason=f"signal {params.signal}",
            )  # fmt: skip
        if params.seconds == 0 or (params.until is not None and params.until <= ctx.now):
            return ctx.input
        return Wait(until=params.until, seconds=params.seconds, reason="timer")

    def wake(self, params: Params, ctx: NodeContext, wake: Wake) -> Any:
        if params.signal is None:
            return ctx.input
        if wake.cause == "signal":
            return wake.payload
        raise Transient(
            reason=f"The signal {params.signal} did not come in time.",
            category=Category.TIMEOUT,
            error_code="signal_timed_out",
        )


class Loop(Node):
    """Go back along `again` while a condition holds or a number of times, then on along `done`.

    The nodes from the target of `again` up to here have run once when this is first reached, and count.
    """

    kind = "flow.loop"
    effect = Effect.NONE
    ports = ("again", "done")
    branching = True
    passes_input = True
    example = Example(params={"times": 1}, input={"page": 1}, output={"page": 1}, port="done")

    class Params(NodeParams):
        while_: Condition | None = Param(None, alias="while", widget="expression")
        times: int | None = Param(None, ge=1, le=1_000_000)

        @classmethod
        def cross_check(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
            # A condition that renders to null is given: it does not hold.
            names = [name for name in ("while", "times") if name in given]
            if len(names) != 1:
                yield "", "conflict" if names else "required", "Give either while or times."

    def run(self, params: Params, ctx: NodeContext) -> To:
        again = params.while_ if params.times is None else ctx.visit < params.times
        return To("again" if again else "done", ctx.input)


class Workflow(Node):
    """Run another workflow and take its output, or start it and go on at once."""

    kind = "flow.workflow"
    effect = Effect.WRITE
    timeout = None
    honours_idempotency_key = True
    example = Example(
        params={"workflow": "send-invoice", "input": {"order": 7}},
        output={"workflow": "send-invoice", "input": {"order": 7}, "wait": True},
    )

    class Params(NodeParams):
        workflow: str = Param(widget="workflow", min_length=1, max_length=200)
        input: Any = Param(None)
        wait: bool = Param(True)

    def run(self, params: Params, ctx: NodeContext) -> Child:
        given = params.input if "input" in params.model_fields_set else ctx.input
        return Child(params.workflow, given, params.wait)

    def wake(self, params: Params, ctx: NodeContext, wake: Wake) -> Any:
        if wake.error is None:
            return wake.payload
        raise _failed(
            reason=f"The workflow {params.workflow} failed: {wake.error.get('message', 'no reason given')}",
            category=_category(wake.error.get("category")),
            code="child_failed",
            details={"error": dict(wake.error)},
        )


class Respond(Node):
    """Set the answer of this execution: what a caller who waits receives."""

    kind = "flow.respond"
    effect = Effect.NONE
    example = Example(
        params={"status": 201, "body": {"id": 7}},
        output={"status": 201, "headers": {}, "body": {"id": 7}},
    )

    class Params(NodeParams):
        status: int = Param(200, ge=200, le=599)
        headers: dict[str, str] = Param({}, widget="key_values")
        body: Any = Param(None)

    def run(self, params: Params, ctx: NodeContext) -> dict[str, Any]:
        body = params.body if "body" in params.model_fields_set else ctx.input
        return {"status": params.status, "headers": params.headers, "body": body}


class Fail(Node):
    """Fail on purpose, with a message and a category that retry rules and error handling see."""

    kind = "flow.fail"
    effect = Effect.NONE
    example = Example(
        params={"message": "The order has no items."},
        output={"code": "failed_on_purpose", "category": "bad_input", "message": "The order has no items."},
        port="error",
    )

    class Params(NodeParams):
        message: str = Param(min_length=1, max_length=2000)
        category: Literal[
            "timeout", "connection", "rate_limited", "upstream", "auth", "bad_input", "quota", "bug"
        ] = Param("bad_input", template=False)

    def run(self, params: Params, ctx: NodeContext) -> Any:
        raise _failed(params.message, Category(params.category), "failed_on_purpose", {})


def _failed(reason: str, category: Category, code: str, details: dict[str, Any]) -> NodeError:
    kind = Transient if category in TRANSIENT else Permanent
    return kind(reason=reason, category=category, error_code=code, details=details)


def _category(name: Any) -> Category:
    try:
        return Category(name)
    except ValueError:
        return Category.UPSTREAM
