"""The part of a definition that one node needs: itself, all that leads to it, and what its expressions name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine.draft import read_draft
from workflows.engine.expressions import compile_value
from workflows.engine.expressions.errors import ExpressionSyntaxError
from workflows.engine.kinds import Catalogue
from workflows.engine.structure import find_cycles

_KEPT_SETTINGS = ("timeout", "max_iterations", "durability")
_PLACE = re.compile(r"/(nodes|edges)/(\d+)")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`nodes` and `edges`: where its own stand in the document they were taken from."""

    document: dict[str, Any]
    nodes: list[int]
    edges: list[int]

    def pointer(self, own: str) -> str:
        """A pointer into the excerpt as one into the whole document."""

        def whole(match: re.Match[str]) -> str:
            places = self.nodes if match[1] == "nodes" else self.edges
            return f"/{match[1]}/{places[int(match[2])]}"

        return _PLACE.sub(whole, own, count=1)


def excerpt(document: Mapping[str, Any], node_id: str, catalogue: Catalogue) -> Excerpt:
    """What runs up to this node and ends with it; the document must be sound, and have the node.

    Nothing follows the node: an edge from it that leads back is left out, and so is its `on_error`.
    """
    graph = _Graph(document, node_id, _back_edges(document, catalogue))
    kept = graph.kept()
    nodes = [index for index, node in enumerate(document["nodes"]) if node["id"] in kept]
    edges = [index for index, edge in enumerate(document["edges"]) if graph.stays(edge, kept)]
    left = [document["edges"][index] for index in edges]
    settings = document.get("settings") or {}
    return Excerpt(
        {
            "schema": document["schema"],
            "nodes": [_node(document["nodes"][index], node_id, left) for index in nodes],
            "edges": left,
            "settings": {name: settings[name] for name in _KEPT_SETTINGS if name in settings},
        },
        nodes,
        edges,
    )


class _Graph:
    def __init__(self, document: Mapping[str, Any], target: str, back: set[int]) -> None:
        self.target = target
        self.nodes: dict[str, Mapping[str, Any]] = {node["id"]: node for node in document["nodes"]}
        self.edges: list[Mapping[str, Any]] = document["edges"]
        self.forward = [edge for index, edge in enumerate(self.edges) if index not in back]
        self.around = self._around(target)

    def kept(self) -> set[str]:
        """What is needed, as far as it can be reached without the node itself."""
        needed, left = {self.target}, [self.target]
        while left:
            found = self._needs(left.pop()) - needed
            needed |= found
            left += found
        kept = (needed & self._reachable()) | {self.target} | self.around
        return {node_id for node_id in kept if self._around(node_id) <= kept}

    def stays(self, edge: Mapping[str, Any], kept: set[str]) -> bool:
        return edge["from"] in kept and edge["to"] in kept and not self._leaves_target(edge)

    def _leaves_target(self, edge: Mapping[str, Any]) -> bool:
        """Edges into its own body stay."""
        return edge["from"] == self.target and self.nodes[edge["to"]].get("parent") != self.target

    def _needs(self, node_id: str) -> set[str]:
        node = self.nodes[node_id]
        found = {
            edge["from"] for edge in self.edges if edge["to"] == node_id and not self._leaves_target(edge)
        }
        found |= {other for other in self.nodes if _fallback(self.nodes[other]) == node_id}
        found |= {_fallback(node)} if node_id != self.target else set()
        found |= {node.get("parent")}
        if node_id not in self.around:
            found |= {other for other in self.nodes if self.nodes[other].get("parent") == node_id}
        return {one for one in found | _named(node) if one in self.nodes}

    def _reachable(self) -> set[str]:
        entered = {edge["to"] for edge in self.forward} | {_fallback(node) for node in self.nodes.values()}
        found = {node_id for node_id in self.nodes if node_id not in entered}
        left = list(found)
        while left:
            node_id = left.pop()
            onward = {
                edge["to"] for edge in self.edges if edge["from"] == node_id and not self._leaves_target(edge)
            }
            fallback = _fallback(self.nodes[node_id])
            onward |= {fallback} if fallback in self.nodes and node_id != self.target else set()
            left += onward - found
            found |= onward
        return found

    def _around(self, node_id: str) -> set[str]:
        found: set[str] = set()
        parent = self.nodes[node_id].get("parent")
        while parent is not None and parent not in found:
            found.add(parent)
            parent = self.nodes[parent].get("parent")
        return found


def _back_edges(document: Mapping[str, Any], catalogue: Catalogue) -> set[int]:
    draft = read_draft(document, catalogue)
    back = find_cycles(draft).back
    return {edge.index for position, edge in enumerate(draft.edges) if position in back}


def _node(node: Mapping[str, Any], target: str, edges: list[Mapping[str, Any]]) -> dict[str, Any]:
    """An error branch that was cut off stops the run; so does any error of the target. A join awaits what is left."""
    settings = dict(node.get("settings") or {})
    has_branch = any(edge["from"] == node["id"] and edge.get("port") == "error" for edge in edges)
    if node["id"] == target or (settings.get("on_error") == "branch" and not has_branch):
        settings.pop("on_error", None)
    join = settings.get("join")
    if isinstance(join, dict) and join["at_least"] > sum(edge["to"] == node["id"] for edge in edges):
        settings.pop("join")
    return {**node, "settings": settings}


def _fallback(node: Mapping[str, Any]) -> str | None:
    chosen = (node.get("settings") or {}).get("on_error")
    found = chosen.get("fallback") if isinstance(chosen, dict) else None
    return found if isinstance(found, str) else None


def _named(node: Mapping[str, Any]) -> set[str]:
    """Nodes that its expressions read; none when they do not parse, which validation says better."""
    try:
        return set(compile_value([node.get("params"), node.get("settings")]).nodes_used or ())
    except ExpressionSyntaxError:
        return set()
