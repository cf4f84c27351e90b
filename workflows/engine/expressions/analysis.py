"""What a parsed expression refers to: known before it ever runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from workflows.engine.expressions.errors import ExpressionSyntaxError
from workflows.engine.expressions.tree import (
    Call,
    Comprehension,
    Literal,
    Name,
    Path,
    Pipe,
    Slice,
    Tree,
    children,
)


@dataclass
class Usage:
    """Names with their places in the source; variables of `for` are not among the roots."""

    roots: list[tuple[str, int]] = field(default_factory=list)
    nodes: list[tuple[str, int]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    loops: int = 0
    constructs: bool = False


def usage(tree: Tree) -> Usage:
    """Raise ExpressionSyntaxError where `nodes` is not followed by a node id."""
    found = Usage(constructs=not (isinstance(tree, Path) and isinstance(tree.base, Name)))
    _walk(tree, found, frozenset())
    return found


def _walk(tree: Tree | Slice, found: Usage, bound: frozenset[str]) -> None:
    match tree:
        case Name(name, at) if name not in bound:
            if name == "nodes":
                raise ExpressionSyntaxError('A node id belongs after `nodes`: `nodes.x` or `nodes["x"]`.', at)
            found.roots.append((name, at))
        case Path(Name("nodes", at), (Literal(str() as node_id), *steps)) if "nodes" not in bound:
            found.roots.append(("nodes", at))
            found.nodes.append((node_id, at))
            for step in steps:
                _walk(step, found, bound)
        case Comprehension(element, variable, source, condition):
            found.loops += 1
            _walk(source, found, bound)
            for part in (element, condition):
                if part is not None:
                    _walk(part, found, bound | {variable})
        case _:
            if isinstance(tree, Pipe):
                found.calls += tree.calls
            for child in children(tree):
                _walk(child, found, bound)
