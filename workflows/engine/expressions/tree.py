"""The shape of a parsed expression.

Chains (`a + b - c`, `a.b[0].c`, `x | f | g`) are flat, so that depth is what people write as nesting and a
long sum cannot exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Slice:
    start: Tree | None
    stop: Tree | None
    step: Tree | None
    at: int


@dataclass(frozen=True, slots=True)
class Path:
    """`steps` are a constant key or index as Literal, a Slice, or any tree."""

    base: Tree
    steps: tuple[Tree | Slice, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    pairs: tuple[tuple[Tree, Tree], ...]
    at: int


@dataclass(frozen=True, slots=True)
class Negative:
    operand: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Not:
    operand: Tree


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator, its right operand and its place in the source."""

    operator: str
    operand: Tree
    at: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    first: Tree
    rest: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`a < b < c` means `a < b and b < c` with `b` evaluated once."""

    first: Tree
    rest: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`, `or`: the deciding operand is the result."""

    operator: str
    operands: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    condition: Tree
    then: Tree
    otherwise: Tree


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Tree, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Pipe:
    value: Tree
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    element: Tree
    variable: str
    source: Tree
    condition: Tree | None
    at: int


Tree = (
    Literal | Name | Path | ListOf | ObjectOf | Negative | Not | Arithmetic | Comparison | Logic | Choice
    | Pipe | Comprehension
)  # fmt: skip


def children(tree: Tree | Slice) -> Iterator[Tree | Slice]:
    """Direct subtrees, in source order except for a comprehension's element."""
    match tree:
        case Path(base, steps):
            yield base
            yield from steps
        case Slice(start, stop, step):
            yield from (part for part in (start, stop, step) if part is not None)
        case ListOf(parts) | Logic(_, parts):
            yield from parts
        case ObjectOf(pairs):
            for pair in pairs:
                yield from pair
        case Negative(operand) | Not(operand):
            yield operand
        case Arithmetic(first, rest) | Comparison(first, rest):
            yield first
            yield from (operation.operand for operation in rest)
        case Choice(condition, then, otherwise):
            yield from (condition, then, otherwise)
        case Pipe(value, calls):
            yield value
            for call in calls:
                yield from call.arguments
        case Comprehension(element, _, source, condition):
            yield from (part for part in (source, element, condition) if part is not None)


def weight(tree: Tree | Slice) -> int:
    """How many steps one pass over this tree counts for."""
    return 1 + sum(weight(child) for child in children(tree))
