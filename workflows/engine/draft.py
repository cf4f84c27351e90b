"""A definition as people left it: whatever in it is sound, with its place in the document.

Validation reports all problems at once, so that it must go on with the sound part of an unsound document;
compiling reads the same view, and by then nothing in it is unsound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.engine.kinds import SUCCESS, Catalogue, KindSpec, main_port


@dataclass
class DraftNode:
    index: int
    id: str
    kind: str
    name: str
    spec: KindSpec
    known: bool
    params: dict[str, Any]
    settings: dict[str, Any]
    parent: str | None
    ports: tuple[str, ...]
    incoming: list[DraftEdge] = field(default_factory=list)
    outgoing: list[DraftEdge] = field(default_factory=list)

    @property
    def pointer(self) -> str:
        return f"/nodes/{self.index}"

    @property
    def main_port(self) -> str | None:
        return main_port(self.ports)

    @property
    def on_error(self) -> str:
        """`stop`, `continue`, `branch` or `fallback`."""
        chosen = self.settings.get("on_error") or "stop"
        return chosen if isinstance(chosen, str) else "fallback"

    @property
    def fallback(self) -> str | None:
        chosen = self.settings.get("on_error")
        named = chosen.get("fallback") if isinstance(chosen, dict) else None
        return named if isinstance(named, str) else None


@dataclass
class DraftEdge:
    index: int
    source: DraftNode
    target: DraftNode
    port: str

    @property
    def pointer(self) -> str:
        return f"/edges/{self.index}"


@dataclass
class Draft:
    """Nodes by id, the first of equal ids; edges whose two ends exist."""

    nodes: dict[str, DraftNode]
    edges: list[DraftEdge]
    settings: dict[str, Any]

    def ancestors(self, node: DraftNode) -> list[str]:
        """The for_each nodes around it, innermost first; stops where parents form a circle."""
        found: list[str] = []
        parent = node.parent
        while parent is not None and parent in self.nodes and parent not in found:
            found.append(parent)
            parent = self.nodes[parent].parent
        return found


def read_draft(document: Mapping[str, Any], catalogue: Catalogue) -> Draft:
    """Read what is sound and leave the rest to the checks of shapes."""
    nodes: dict[str, DraftNode] = {}
    for index, raw in enumerate(_list(document.get("nodes"))):
        if isinstance(raw, dict) and isinstance(raw.get("id"), str) and raw["id"] not in nodes:
            nodes[raw["id"]] = _node(index, raw, catalogue)
    draft = Draft(nodes, [], _without_nulls(document.get("settings")))
    for index, raw in enumerate(_list(document.get("edges"))):
        edge = _edge(index, raw, nodes)
        if edge is not None:
            draft.edges.append(edge)
            edge.source.outgoing.append(edge)
            edge.target.incoming.append(edge)
    return draft


def _node(index: int, raw: dict[str, Any], catalogue: Catalogue) -> DraftNode:
    kind = raw["kind"] if isinstance(raw.get("kind"), str) else ""
    spec = catalogue.spec(kind)
    params = raw["params"] if isinstance(raw.get("params"), dict) else {}
    name, parent = raw.get("name"), raw.get("parent")
    known = spec is not None
    spec = spec or KindSpec(kind=kind)
    return DraftNode(
        index=index,
        id=raw["id"],
        kind=kind,
        name=name if isinstance(name, str) and name else raw["id"],
        spec=spec,
        known=known,
        params=params,
        settings=_without_nulls(raw.get("settings")),
        parent=parent if isinstance(parent, str) else None,
        ports=spec.ports_for(params),
    )


def _edge(index: int, raw: Any, nodes: dict[str, DraftNode]) -> DraftEdge | None:
    if not isinstance(raw, dict):
        return None
    source, target, port = raw.get("from"), raw.get("to"), raw.get("port")
    if not isinstance(source, str) or not isinstance(target, str) or not isinstance(port, str | None):
        return None
    if source not in nodes or target not in nodes:
        return None
    return DraftEdge(index, nodes[source], nodes[target], port or SUCCESS)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _without_nulls(value: Any) -> dict[str, Any]:
    return {key: held for key, held in value.items() if held is not None} if isinstance(value, dict) else {}
