"""Choosing where to go on; the input passes through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine.kinds import Effect
from workflows.nodes.sdk import Example, Node, NodeContext, NodeParams, Param, To
from workflows.nodes.values import Condition

MAX_CASES = 50


class If(Node):
    """Go on along `true` or `false`, depending on a condition.

    Null, zero and what is empty count as false; text other than `true` and `false` is an error.
    """

    kind = "logic.if"
    effect = Effect.NONE
    ports = ("true", "false")
    branching = True
    passes_input = True
    example = Example(params={"condition": True}, input={"total": 120}, output={"total": 120}, port="true")

    class Params(NodeParams):
        condition: Condition = Param(widget="expression")

    def run(self, params: Params, ctx: NodeContext) -> To:
        return To("true" if params.condition else "false", ctx.input)


class Switch(Node):
    """Go on along the first case equal to a value, or along `default`.

    Case one leaves by port `case_1`, case two by `case_2`. `1` and `"1"` differ, and so do `1` and `true`.
    """

    kind = "logic.switch"
    effect = Effect.NONE
    ports = ("case_1", "default")
    branching = True
    passes_input = True
    example = Example(
        params={"value": "paid", "cases": ["open", "paid"]},
        input={"id": 7},
        output={"id": 7},
        port="case_2",
    )

    class Params(NodeParams):
        value: Any = Param()
        cases: list[Any] = Param(widget="cases", min_length=1, max_length=MAX_CASES)

        @classmethod
        def cross_check(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
            if isinstance(given.get("cases"), str):
                # The ports must be known when the workflow is drawn.
                yield "cases", "wrong_type", "Write the list itself; its items may be expressions."

    def ports_of(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        cases = params.get("cases")
        count = min(len(cases), MAX_CASES) if isinstance(cases, list) else 1
        return (*(f"case_{number}" for number in range(1, count + 1)), "default")

    def run(self, params: Params, ctx: NodeContext) -> To:
        for number, case in enumerate(params.cases, start=1):
            if same(params.value, case):
                return To(f"case_{number}", ctx.input)
        return To("default", ctx.input)


def same(left: Any, right: Any) -> bool:
    """Equality of JSON values: booleans are not numbers, at any depth."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    return bool(left == right)
