"""Whether nodes and edges fit each other: ports, bodies, fallbacks, joins, triggers.

What fails here may be saved while somebody is still drawing; it blocks publishing and running.
"""

from __future__ import annotations

from collections import Counter

from workflows.engine.cycles import Cycles
from workflows.engine.draft import Draft, DraftEdge, DraftNode
from workflows.engine.findings import Report
from workflows.engine.kinds import ERROR, ITEM, SUCCESS
from workflows.engine.structure import find_cycles

MOST_NESTED = 16
MOST_FALLBACKS = 8


def check_links(draft: Draft, report: Report) -> None:
    if not draft.nodes:
        report.block("/nodes", "no_nodes", "There is nothing to run yet. Add a node.")
    for edge in draft.edges:
        _check_port(edge, report)
        _check_body_border(edge, report)
    shared = Counter(node.fallback for node in draft.nodes.values())
    for node in draft.nodes.values():
        _check_error_edges(node, report)
        _check_fallback(node, draft, shared, report)
        _check_join(node, report)
        _check_for_each(node, report)
        if node.spec.trigger:
            _check_trigger(node, report)
    if not report.problems:
        cycles = find_cycles(draft)
        _check_fallback_cycles(draft, cycles, report)
        _check_fallback_chains(draft, report)
        _check_nesting(draft, cycles, report)


def _check_port(edge: DraftEdge, report: Report) -> None:
    source = edge.source
    if not source.known or edge.port == ERROR or edge.port in source.ports:
        return
    known = ", ".join(f"`{port}`" for port in source.ports)
    detail = f"`{source.id}` has no port `{edge.port}`; it has {known}."
    report.block(f"{edge.pointer}/port", "unknown_port", detail)


def _check_body_border(edge: DraftEdge, report: Report) -> None:
    source, target = edge.source, edge.target
    if source.spec.opens_items and edge.port == ITEM:
        if target.parent != source.id:
            detail = f"Port `item` leads into the body of `{source.id}`; `{target.id}` is not part of it."
            report.block(edge.pointer, "edge_crosses_body", detail)
    elif source.parent != target.parent:
        detail = (
            "Into a body leads only port `item` of its for_each, and out of it only that node's port `done`."
        )
        report.block(edge.pointer, "edge_crosses_body", detail)


def _check_error_edges(node: DraftNode, report: Report) -> None:
    leaving = [edge for edge in node.outgoing if edge.port == ERROR]
    pointer = f"{node.pointer}/settings/on_error"
    if node.on_error == "branch" and not leaving:
        report.block(pointer, "error_edge_missing", "`branch` needs an edge that leaves from port `error`.")
    if node.on_error != "branch":
        for edge in leaving:
            detail = f"Set `on_error` of `{node.id}` to `branch`, or this edge is never taken."
            report.block(f"{edge.pointer}/port", "error_edge_unused", detail)
    if node.on_error in ("continue", "fallback") and node.main_port is None and node.known:
        detail = (
            f"`{node.kind}` has no port along which it could go on after an error; use `stop` or `branch`."
        )
        report.block(pointer, "on_error_has_no_port", detail)


def _check_fallback(node: DraftNode, draft: Draft, shared: Counter[str | None], report: Report) -> None:
    if node.fallback is None:
        return
    pointer = f"{node.pointer}/settings/on_error/fallback"
    fallback = draft.nodes.get(node.fallback)
    if fallback is None:
        report.block(pointer, "unknown_node", f"There is no node `{node.fallback}`.")
        return
    if fallback is node or fallback.spec.trigger:
        report.block(pointer, "fallback_unfit", "A fallback is another node, and no trigger.")
    if fallback.parent != node.parent:
        report.block(
            pointer, "fallback_elsewhere", "A fallback lies in the same body as the node it stands for."
        )
    if fallback.incoming:
        report.block(
            pointer, "fallback_has_edges", f"Edges lead to `{fallback.id}`; to a fallback none may lead."
        )
    if shared[node.fallback] > 1:
        report.block(pointer, "fallback_shared", f"`{fallback.id}` can stand for one node only.")


def _check_fallback_cycles(draft: Draft, cycles: Cycles, report: Report) -> None:
    """On its own each rule is kept, together they run in a circle: a fallback that its node depends on."""
    drawn = find_cycles(draft, with_fallbacks=False).back
    for position in sorted({*cycles.forbidden, *(cycles.back - drawn)}):
        if position >= len(draft.edges):
            report.block("/nodes", "fallback_cycle", "Fallbacks must not stand for each other in a circle.")
        else:
            detail = f"`{draft.edges[position].target.id}` is reached from its own fallback."
            report.block(draft.edges[position].pointer, "fallback_cycle", detail)
    for header in sorted(cycles.loops):
        owners = [node for node in draft.nodes.values() if node.fallback == header]
        for node in owners:
            pointer = f"{node.pointer}/settings/on_error/fallback"
            report.block(pointer, "fallback_unfit", f"`{header}` begins a loop; a fallback runs once.")


def _check_fallback_chains(draft: Draft, report: Report) -> None:
    """Each fallback's input holds that of the one before."""
    stood_for = {node.fallback: node.id for node in draft.nodes.values() if node.fallback}
    for node in draft.nodes.values():
        length, place = 0, node.id
        while place in stood_for and length <= MOST_FALLBACKS:
            length, place = length + 1, stood_for[place]
            if place == node.id:
                break
        if length > MOST_FALLBACKS:
            detail = (
                f"`{node.id}` is the last of more than {MOST_FALLBACKS} fallbacks that stand for each other."
            )
            report.block(node.pointer, "too_many_fallbacks", detail)


def _check_join(node: DraftNode, report: Report) -> None:
    join = node.settings.get("join")
    least = join.get("at_least") if isinstance(join, dict) else None
    if isinstance(least, int) and node.incoming and least > len(node.incoming):
        pointer = f"{node.pointer}/settings/join/at_least"
        detail = f"Only {len(node.incoming)} edges lead to `{node.id}`, so that {least} can never deliver."
        report.block(pointer, "join_impossible", detail)


def _check_for_each(node: DraftNode, report: Report) -> None:
    for_each = node.settings.get("for_each")
    if not isinstance(for_each, dict):
        return
    pointer = f"{node.pointer}/settings/for_each"
    if node.known and (SUCCESS not in node.ports or node.spec.trigger or node.spec.opens_items):
        report.block(pointer, "for_each_unfit", f"`{node.kind}` cannot be repeated per item.")
    elif "items" not in for_each:
        report.block(
            f"{pointer}/items", "required", "`items` is missing: a list, or a template that yields one."
        )


def _check_trigger(node: DraftNode, report: Report) -> None:
    for edge in node.incoming:
        report.block(edge.pointer, "edge_into_trigger", f"`{node.id}` is a trigger; nothing leads to it.")
    if node.parent is not None:
        report.block(f"{node.pointer}/parent", "trigger_in_body", "A trigger cannot be part of a body.")


def _check_nesting(draft: Draft, cycles: Cycles, report: Report) -> None:
    """Bounds the length of iteration paths, and with them the work for each step."""
    around = Counter(node_id for body in cycles.loops.values() for node_id in body)
    for node in draft.nodes.values():
        chain = [node.id, *draft.ancestors(node)]
        depth = sum(around[node_id] for node_id in chain) + len(chain) - 1
        if depth > MOST_NESTED:
            detail = f"`{node.id}` lies in {depth} loops and bodies; at most {MOST_NESTED} may nest."
            report.block(node.pointer, "nested_too_deep", detail)
