"""Running people's own code."""

from __future__ import annotations

from typing import Any

from workflows.engine.kinds import Effect
from workflows.nodes.sdk import Example, Node, NodeContext, NodeParams, Param


class Python(Node):
    """Run Python in a sandbox: `input`, `trigger` and `nodes` in, the last expression or `return` out.

    There is no network and no file system. The clock stands at the start of the step and random numbers are
    the same on every try, so that a replay agrees.
    """

    kind = "code.python"
    effect = Effect.NONE
    example = Example(
        params={"code": 'total = sum(item["price"] for item in input["items"])\n{"total": total}'},
        input={"items": [{"price": 2}, {"price": 3}]},
        output={"total": 5},
    )

    class Params(NodeParams):
        # The code is never rendered: what expressions yield must not become code.
        code: str = Param(template=False, widget="code:python", min_length=1, max_length=100_000)

    def cache_inputs(self, params: Params, ctx: NodeContext) -> dict[str, Any]:
        """A name that does not occur in the code is not seen by it."""
        return {name: value for name, value in _seen(params, ctx).items() if name in params.code}

    async def run(self, params: Params, ctx: NodeContext) -> Any:
        return await ctx.sandbox.run_python(
            params.code,
            _seen(params, ctx),
            ctx.timeout or self.timeout or 30.0,
            now=ctx.now,
            seed=ctx.idempotency_key,
            node=ctx.node,
            on_print=lambda text: ctx.log("info", text),
        )


def _seen(params: Python.Params, ctx: NodeContext) -> dict[str, Any]:
    # The engine looks outputs up when they are asked for; the sandbox takes plain values only.
    nodes = dict(ctx.scope.get("nodes", {})) if "nodes" in params.code else {}
    return {"input": ctx.input, "trigger": ctx.trigger, "nodes": nodes}
