"""What comes after a step: in its own iteration, in later visits of its loops, and after the lists around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from workflows.engine.plan import Plan, PlanNode

_PART = re.compile(r"(each|loop)\.(0|[1-9][0-9]{0,8})")


class WrongIteration(ValueError):
    """The path does not fit the loops and lists around the node."""


@dataclass(frozen=True)
class Place:
    """A node at an iteration, or at all those that begin so.

    `shape` names the loop or list that each part counts; a node that maps over a list by itself is its own.
    `indexes` are None where the path says nothing: every item of a list, and a loop from its first visit on.
    """

    node: PlanNode
    shape: tuple[str, ...]
    indexes: tuple[int | None, ...]

    @property
    def is_exact(self) -> bool:
        return None not in self.indexes

    @cached_property
    def owners(self) -> tuple[tuple[str, tuple[int | None, ...]], ...]:
        """The for_each steps around it: node, and the indexes of its own path; outermost first."""
        return tuple(
            (part.removeprefix("each:"), self.indexes[:depth])
            for depth, part in enumerate(self.shape)
            if part.startswith("each:")
        )

    def is_at(self, indexes: tuple[int | None, ...]) -> bool:
        """Whether these indexes, of a path along the same shape, lie where this one points."""
        return all(
            mine is None or mine == theirs for mine, theirs in zip(self.indexes, indexes, strict=False)
        )


def place_of(node: PlanNode, iteration: str) -> Place:
    """Where `each.3/loop.2` of a node is; raise WrongIteration when no step of it can be there."""
    shape = node.shape
    found: list[int | None] = []
    for depth, part in enumerate(iteration.split("/") if iteration else ()):
        matched = _PART.fullmatch(part)
        if depth == len(node.shape) and node.for_each is not None and not node.spec.opens_items:
            shape = (*node.shape, f"each:{node.id}")
        if matched is None or depth >= len(shape) or not shape[depth].startswith(matched[1]):
            raise WrongIteration(iteration)
        found.append(int(matched[2]))
    return Place(node, shape, (*found, *[None] * (len(shape) - len(found))))


class Reach:
    """Which nodes lie after which; each answer is worked out once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._after: dict[str, frozenset[str]] = {}

    def follows(self, place: Place, other: Place) -> bool:
        """Whether the other step is this one, or comes after it; `other` is exact.

        The for_each around a step does not come after it: it goes on with its other items. What comes after
        that for_each does.
        """
        shared = 0
        for mine, theirs, at, where in zip(
            place.shape, other.shape, place.indexes, other.indexes, strict=False
        ):
            if mine != theirs:
                break
            if mine.startswith("each:"):
                if at is not None and at != where:
                    return False
            elif where != (at or 1):
                return (where or 1) > (at or 1)
            shared += 1
        return self._follows_within(place, other, shared)

    def _follows_within(self, place: Place, other: Place, shared: int) -> bool:
        """The two share an iteration; beyond it, each may lie in further loops and lists."""
        mine, theirs = place.shape[shared:], other.shape[shared:]
        listed = next((part for part in theirs if part.startswith("each:")), None)
        target = other.node.id if listed is None else listed.removeprefix("each:")
        if not mine:
            return target == place.node.id or target in self.after(place.node.id)
        outermost, _, name = mine[0].partition(":")
        if outermost == "each":
            return target in self.after(name)
        return any(target in self.after(node.id) for node in self._in_loop(mine[0]))

    def after(self, node_id: str) -> frozenset[str]:
        """Nodes that its edges lead to, back edges aside; a fallback speaks for the node it stands for."""
        if node_id not in self._after:
            found: set[str] = set()
            left = [self._plan.nodes[node_id]]
            while left:
                for follower in _followers(left.pop()):
                    if follower.id not in found:
                        found.add(follower.id)
                        left.append(follower)
            self._after[node_id] = frozenset(found)
        return self._after[node_id]

    def _in_loop(self, part: str) -> list[PlanNode]:
        return [node for node in self._plan.nodes.values() if part in node.shape]


def _followers(node: PlanNode) -> list[PlanNode]:
    found = [edge.target for edge in node.edges if not edge.back]
    if node.fallback is not None:
        found.append(node.fallback)
    if node.rescues is not None:
        found += _followers_of_rescued(node.rescues)
    return found


def _followers_of_rescued(node: PlanNode) -> list[PlanNode]:
    """Where its output goes, whoever produced it; a fallback may stand for a fallback."""
    found = [edge.target for edge in node.edges if not edge.back]
    return found if node.rescues is None else found + _followers_of_rescued(node.rescues)
