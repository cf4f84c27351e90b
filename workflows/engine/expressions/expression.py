"""One expression: parsed once, evaluated often, and checked before it is saved."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.expressions.analysis import Usage, usage
from workflows.engine.expressions.compiler import check_call, compile_tree
from workflows.engine.expressions.errors import ExpressionSyntaxError, Problem
from workflows.engine.expressions.frame import Closure, Frame
from workflows.engine.expressions.lexer import KEYWORDS
from workflows.engine.expressions.parser import parse
from workflows.engine.expressions.values import size_bytes

ROOTS = frozenset({"trigger", "input", "nodes", "item", "index", "vars", "execution"})
_IMMEDIATE = frozenset({bool, int, float, type(None)})


@dataclass(frozen=True)
class Names:
    """What a checker knows to exist: root names and node ids."""

    roots: frozenset[str]
    node_ids: frozenset[str]


@dataclass(frozen=True)
class Expression:
    """A compiled expression; safe to share between threads."""

    source: str
    roots_used: frozenset[str]
    nodes_used: frozenset[str]
    constructs: bool = field(compare=False, repr=False)
    slots: int = field(compare=False, repr=False)
    run: Closure = field(compare=False, repr=False)

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """The value for this scope; raise ExpressionError when there is none or a bound is reached."""
        value = self.run(Frame(scope, self.slots))
        if type(value) not in _IMMEDIATE:
            size_bytes(value, shared=self.constructs)
        return value


@functools.lru_cache(maxsize=4096)
def parse_expression(source: str) -> Expression:
    """Compile; raise ExpressionSyntaxError. Unknown roots and node ids are left to `check`."""
    tree = parse(source)
    found = usage(tree)
    return Expression(
        source=source,
        roots_used=frozenset(name for name, _ in found.roots),
        nodes_used=frozenset(node_id for node_id, _ in found.nodes),
        constructs=found.constructs,
        slots=found.loops,
        run=compile_tree(tree),
    )


def check(source: str, *, roots: frozenset[str], node_ids: frozenset[str]) -> list[Problem]:
    """Everything that keeps this source from being saved; an empty list means that it is fine."""
    try:
        found = usage(parse(source))
    except ExpressionSyntaxError as error:
        return [Problem(error.code, error.message, error.offset)]
    return sorted(_problems(found, Names(roots, node_ids)), key=lambda problem: problem.offset)


def _problems(found: Usage, names: Names) -> Iterable[Problem]:
    for name, at in found.roots:
        if name not in names.roots:
            yield Problem("unknown_name", _unknown_name(name), at)
    for node_id, at in found.nodes:
        if node_id not in names.node_ids:
            yield Problem("unknown_node", f"There is no node `{node_id}` to read from here.", at)
    for call in found.calls:
        if (wrong := check_call(call)) is not None:
            yield Problem(wrong.code, wrong.message, wrong.offset)


def _unknown_name(name: str) -> str:
    meant = {"True": "true", "False": "false", "None": "null", "undefined": "null", "nil": "null"}.get(name)
    if meant is None and name.lower() in KEYWORDS:
        meant = name.lower()
    return f"There is no `{name}` here." + (f" Write `{meant}`." if meant else "")
