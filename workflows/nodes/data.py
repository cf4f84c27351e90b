"""Making and shaping JSON values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from studio.kernel.errors import Category, Permanent
from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.expressions.expression import ROOTS, check, parse_expression
from workflows.engine.kinds import Effect
from workflows.nodes.sdk import Example, Node, NodeContext, NodeParams, Param


def _valid_expression(source: str) -> str:
    # Which nodes exist is the graph's business; every other mistake shows here.
    problems = [
        problem
        for problem in check(source, roots=ROOTS, node_ids=frozenset())
        if problem.code != "unknown_node"
    ]
    if problems:
        raise PydanticCustomError(problems[0].code, "{detail}", {"detail": problems[0].detail})
    return source


class Set(Node):
    """Make an object from values you write, expressions included."""

    kind = "data.set"
    effect = Effect.NONE
    example = Example(
        params={"values": {"greeting": "Hello Ada", "vip": True}},
        output={"greeting": "Hello Ada", "vip": True},
    )

    class Params(NodeParams):
        values: dict[str, Any] = Param(widget="key_values")

    def run(self, params: Params, ctx: NodeContext) -> dict[str, Any]:
        return params.values


class Filter(Node):
    """Keep the items of a list for which a condition holds.

    The condition is an expression without braces, asked once for each item with `item` and `index`.
    """

    kind = "data.filter"
    effect = Effect.NONE
    example = Example(
        params={"items": [{"price": 5}, {"price": 50}], "condition": "item.price > 10"},
        output=[{"price": 50}],
    )

    class Params(NodeParams):
        items: list[Any] = Param()
        condition: Annotated[str, AfterValidator(_valid_expression)] = Param(
            template=False, widget="expression"
        )

    def run(self, params: Params, ctx: NodeContext) -> list[Any]:
        condition = parse_expression(params.condition)
        scope = dict(ctx.scope)
        kept = []
        for index, item in enumerate(params.items):
            scope["item"], scope["index"] = item, index
            try:
                holds = condition.evaluate(scope)
            except ExpressionError as error:
                raise Permanent(
                    reason=f"The condition has no answer for item {index}: {error}",
                    category=Category.BAD_INPUT,
                    error_code="expression_error",
                ) from error
            if holds:
                kept.append(item)
        return kept
