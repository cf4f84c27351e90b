"""Dominators, back edges and the loops they close, over plain ids.

The simple iterative dominator algorithm (Cooper, Harvey, Kennedy) is quadratic at worst and faster than the
clever ones at the sizes a definition may have.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

_ENTRY = -1


@dataclass(frozen=True)
class Cycles:
    """`back` and `forbidden` are positions in the given edges; `loops` are the nodes of each header's loop.

    `entries` are where execution may begin: nodes that nothing but back edges leads to.
    """

    back: frozenset[int]
    forbidden: tuple[int, ...]
    loops: dict[str, frozenset[str]]
    entries: tuple[str, ...]


class _Graph:
    def __init__(self, ids: Sequence[str], edges: Sequence[tuple[str, str]]) -> None:
        number = {node_id: position for position, node_id in enumerate(ids)}
        self.size = len(ids)
        self.edges = [(number[source], number[target]) for source, target in edges]
        self.after: list[list[int]] = [[] for _ in ids]
        self.before: list[list[int]] = [[] for _ in ids]
        for source, target in self.edges:
            self.after[source].append(target)
            self.before[target].append(source)

    def reach(self, starts: Collection[int], seen: set[int]) -> set[int]:
        """Everything reachable from the starts; adds to `seen` and answers the new ones."""
        fresh = {start for start in starts if start not in seen}
        waiting = list(fresh)
        while waiting:
            for target in self.after[waiting.pop()]:
                if target not in seen and target not in fresh:
                    fresh.add(target)
                    waiting.append(target)
        seen |= fresh
        return fresh

    def ancestors(self, node: int) -> set[int]:
        """The node and all that leads to it."""
        found = {node}
        waiting = [node]
        while waiting:
            for source in self.before[waiting.pop()]:
                if source not in found:
                    found.add(source)
                    waiting.append(source)
        return found


def analyse(ids: Sequence[str], edges: Sequence[tuple[str, str]], branching: Collection[str]) -> Cycles:
    """Tell the cycles that are loops from those that are forbidden.

    A cycle that nothing leads into is a loop if one node can be its beginning: all edges into it come from
    branching nodes within its own reach. The first such node in document order is the entry.
    """
    graph = _Graph(ids, edges)
    entries, strays = _entries(graph, {position for position, held in enumerate(ids) if held in branching})
    order, retreating = _depth_first(graph, [*entries, *strays])
    dominator = _dominators(graph, order, {*entries, *strays})
    place = {node: position for position, node in enumerate(order)}
    back: set[int] = set()
    forbidden: list[int] = []
    stray = _reachable_only_from(graph, entries, strays)
    for position in retreating:
        source, target = graph.edges[position]
        if target not in stray and _dominates(dominator, place, target, source):
            back.add(position)
        else:
            forbidden.append(position)
    loops = {
        ids[header]: frozenset(ids[node] for node in body) for header, body in _loops(graph, back).items()
    }
    return Cycles(frozenset(back), tuple(sorted(forbidden)), loops, tuple(ids[entry] for entry in entries))


def _entries(graph: _Graph, branching: set[int]) -> tuple[list[int], list[int]]:
    """Entries, and one arbitrary node of each cycle that has none.

    Among what no entry reaches, the next node in reverse postorder lies in a component that nothing leads into:
    the one that it forms with everything before it.
    """
    entries = [node for node in range(graph.size) if not graph.before[node]]
    strays: list[int] = []
    seen: set[int] = set()
    graph.reach(entries, seen)
    order, _ = _depth_first(graph, [node for node in range(graph.size) if node not in seen])
    for node in order:
        if node in seen:
            continue
        component = sorted(graph.ancestors(node))
        first = next((one for one in component if branching.issuperset(graph.before[one])), None)
        if first is None:
            strays.append(component[0])
        else:
            entries.append(first)
        graph.reach([component[0]], seen)
    return sorted(entries), strays


def _reachable_only_from(graph: _Graph, entries: list[int], strays: list[int]) -> set[int]:
    seen: set[int] = set()
    graph.reach(entries, seen)
    return graph.reach(strays, seen)


def _depth_first(graph: _Graph, starts: list[int]) -> tuple[list[int], list[int]]:
    """Reverse postorder, and the edges that lead back to a node still open."""
    numbered: list[list[int]] = [[] for _ in range(graph.size)]
    for position, (source, _) in enumerate(graph.edges):
        numbered[source].append(position)
    state = [0] * graph.size  # 0 new, 1 open, 2 done
    postorder: list[int] = []
    retreating: list[int] = []
    # The last start is walked first: reverse postorder then lists the starts' trees in their own order.
    for start in reversed(starts):
        if state[start]:
            continue
        state[start] = 1
        path = [(start, iter(numbered[start]))]
        while path:
            node, following = path[-1]
            if (chosen := next(following, None)) is None:
                state[node] = 2
                postorder.append(node)
                path.pop()
                continue
            target = graph.edges[chosen][1]
            if state[target] == 0:
                state[target] = 1
                path.append((target, iter(numbered[target])))
            elif state[target] == 1:
                retreating.append(chosen)
    return postorder[::-1], retreating


def _dominators(graph: _Graph, order: list[int], starts: set[int]) -> dict[int, int]:
    """Immediate dominators by node; a virtual entry leads to every start."""
    place = {node: position for position, node in enumerate(order)}
    place[_ENTRY] = -1
    nearest: dict[int, int] = {_ENTRY: _ENTRY}
    changed = True
    while changed:
        changed = False
        for node in order:
            sources = [source for source in graph.before[node] if source in nearest]
            if node in starts:
                sources.append(_ENTRY)
            found = sources[0]
            for source in sources[1:]:
                found = _common(nearest, place, found, source)
            if nearest.get(node) != found:
                nearest[node] = found
                changed = True
    return nearest


def _common(nearest: dict[int, int], place: dict[int, int], left: int, right: int) -> int:
    while left != right:
        while place[left] > place[right]:
            left = nearest[left]
        while place[right] > place[left]:
            right = nearest[right]
    return left


def _dominates(nearest: dict[int, int], place: dict[int, int], upper: int, node: int) -> bool:
    while node != _ENTRY and place[node] > place[upper]:
        node = nearest[node]
    return node == upper


def _loops(graph: _Graph, back: set[int]) -> dict[int, set[int]]:
    """The natural loop of each header: what reaches a source of its back edges without passing it."""
    loops: dict[int, set[int]] = {}
    for position in sorted(back):
        source, header = graph.edges[position]
        body = loops.setdefault(header, {header})
        waiting = [source]
        while waiting:
            node = waiting.pop()
            if node not in body:
                body.add(node)
                waiting += graph.before[node]
    return loops
