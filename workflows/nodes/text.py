"""Making text."""

from __future__ import annotations

from workflows.engine.kinds import Effect
from workflows.nodes.sdk import Example, Node, NodeContext, NodeParams, Param


class Template(Node):
    """Write a text with expressions in it; the output is `{"text": …}`."""

    kind = "text.template"
    effect = Effect.NONE
    example = Example(params={"text": "Dear Ada,\nyour order is on its way."},
                      output={"text": "Dear Ada,\nyour order is on its way."})  # fmt: skip

    class Params(NodeParams):
        text: str = Param(widget="text:long", max_length=1_000_000)

    def run(self, params: Params, ctx: NodeContext) -> dict[str, str]:
        return {"text": params.text}
