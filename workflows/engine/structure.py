"""What makes a graph a graph: ids, kinds, ends of edges, parents, cycles. A definition that fails here is not saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.engine.cycles import Cycles, analyse
from workflows.engine.draft import Draft, DraftNode
from workflows.engine.expressions import KEYWORDS
from workflows.engine.findings import Report

RESERVED_IDS = KEYWORDS


def check_structure(document: Mapping[str, Any], draft: Draft, report: Report) -> None:
    _check_ids(document, report)
    for node in draft.nodes.values():
        _check_kind(node, report)
        _check_parent(node, draft, report)
    _check_ends(document, draft, report)
    _check_repeated_edges(draft, report)
    _check_cycles(draft, report)


def find_cycles(draft: Draft, *, with_fallbacks: bool = True) -> Cycles:
    """Cycles over the draft's edges and, after them, one from each node to its fallback."""
    edges = [(edge.source.id, edge.target.id) for edge in draft.edges]
    if with_fallbacks:
        edges += fallback_edges(draft)
    branching = {node.id for node in draft.nodes.values() if node.spec.branching}
    return analyse(list(draft.nodes), edges, branching)


def fallback_edges(draft: Draft) -> list[tuple[str, str]]:
    """Control passes from a failed node to its fallback as along an edge."""
    return [
        (node.id, node.fallback)
        for node in draft.nodes.values()
        if node.fallback in draft.nodes and node.fallback
    ]


def _check_ids(document: Mapping[str, Any], report: Report) -> None:
    first: dict[str, int] = {}
    nodes = document.get("nodes")
    for index, raw in enumerate(nodes if isinstance(nodes, list) else []):
        node_id = raw.get("id") if isinstance(raw, dict) else None
        if not isinstance(node_id, str):
            continue
        pointer = f"/nodes/{index}/id"
        if node_id in first:
            report.refuse(pointer, "duplicate_id", f"`{node_id}` is also the id of node {first[node_id]}.")
        elif node_id in RESERVED_IDS:
            report.refuse(pointer, "reserved_id", f"`{node_id}` is a word of the expression language.")
        first.setdefault(node_id, index)


def _check_kind(node: DraftNode, report: Report) -> None:
    if node.kind and not node.known:
        report.refuse(f"{node.pointer}/kind", "unknown_kind", f"There is no node kind `{node.kind}`.")


def _check_parent(node: DraftNode, draft: Draft, report: Report) -> None:
    if node.parent is None:
        return
    pointer = f"{node.pointer}/parent"
    parent = draft.nodes.get(node.parent)
    if parent is None:
        report.refuse(pointer, "unknown_node", f"There is no node `{node.parent}`.")
    elif parent.known and not parent.spec.opens_items:
        report.refuse(pointer, "parent_has_no_body", f"`{parent.id}` is no for_each; only those have a body.")
    elif node.id in draft.ancestors(node):
        report.refuse(pointer, "parent_cycle", f"`{node.id}` would be part of its own body.")


def _check_ends(document: Mapping[str, Any], draft: Draft, report: Report) -> None:
    edges = document.get("edges")
    for index, raw in enumerate(edges if isinstance(edges, list) else []):
        for end in ("from", "to"):
            node_id = raw.get(end) if isinstance(raw, dict) else None
            if isinstance(node_id, str) and node_id not in draft.nodes:
                report.refuse(f"/edges/{index}/{end}", "unknown_node", f"There is no node `{node_id}`.")


def _check_repeated_edges(draft: Draft, report: Report) -> None:
    """Equal edges would count twice in `at_least`, and nobody could tell them apart."""
    seen: dict[tuple[str, str, str], int] = {}
    for edge in draft.edges:
        key = (edge.source.id, edge.port, edge.target.id)
        if key in seen:
            report.refuse(edge.pointer, "duplicate_edge", f"This edge is the same as edge {seen[key]}.")
        seen.setdefault(key, edge.index)


def _check_cycles(draft: Draft, report: Report) -> None:
    cycles = find_cycles(draft, with_fallbacks=False)
    for position in cycles.forbidden:
        edge = draft.edges[position]
        detail = (
            f"This edge closes a cycle that can be entered elsewhere than at `{edge.target.id}`. "
            "An edge may only lead back to a node that every way to its source passes."
        )
        report.refuse(edge.pointer, "forbidden_cycle", detail)
    for position in sorted(cycles.back):
        edge = draft.edges[position]
        if edge.source.known and not edge.source.spec.branching:
            detail = f"This edge leads back, so it must leave from a branching node or a loop, not `{edge.source.id}`."
            report.refuse(edge.pointer, "back_edge_needs_branch", detail)
