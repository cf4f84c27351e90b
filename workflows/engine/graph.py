"""From a definition to its plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.kernel.errors import Invalid
from workflows.engine.cycles import Cycles
from workflows.engine.definition import validate
from workflows.engine.draft import Draft, DraftNode, read_draft
from workflows.engine.expressions import Renderable, compile_value
from workflows.engine.kinds import ITEM, SUCCESS, Catalogue
from workflows.engine.params import template_params
from workflows.engine.plan import (
    Concurrency,
    Fallback,
    ForEach,
    NodeSettings,
    Plan,
    PlanEdge,
    PlanNode,
    PlanScope,
    PlanSettings,
    Source,
    common_length,
)
from workflows.engine.retry import retry_policy
from workflows.engine.structure import find_cycles

__all__ = [
    "Fallback",
    "ForEach",
    "NodeSettings",
    "Plan",
    "PlanEdge",
    "PlanNode",
    "PlanSettings",
    "compile_plan",
]


def compile_plan(document: Mapping[str, Any], catalogue: Catalogue) -> Plan:
    """Compile a definition; raise Invalid with every problem when it has any."""
    problems = validate(document, catalogue).problems
    if problems:
        raise Invalid(reason="The definition has problems and cannot run.", problems=problems)
    draft = read_draft(document, catalogue)
    cycles = find_cycles(draft)
    return _Builder(draft, cycles).plan()


class _Builder:
    def __init__(self, draft: Draft, cycles: Cycles) -> None:
        self.draft = draft
        self.cycles = cycles
        self.loops = _loops_by_node(draft, cycles)
        self.nodes = {node.id: self._node(node) for node in draft.nodes.values()}

    def plan(self) -> Plan:
        root = PlanScope()
        for node in self.nodes.values():
            if node.spec.opens_items:
                node.body = PlanScope(owner=node)
        self._place_in_scopes(root)
        self._connect()
        for node in self.nodes.values():
            self._settle_sources(node)
        regions: dict[str | None, list[PlanNode]] = {}
        for node in self.nodes.values():
            regions.setdefault(node.parent, []).append(node)
        for parent, nodes in regions.items():
            if parent is not None:
                self.nodes[parent].starts = tuple(node for node in nodes if not node.fan_in)
        return Plan(
            nodes=self.nodes,
            settings=_plan_settings(self.draft.settings),
            triggers=tuple(node.id for node in self.nodes.values() if node.spec.trigger),
            root=root,
            roots=tuple(node for node in self.nodes.values() if _is_root(node)),
            regions={parent: tuple(nodes) for parent, nodes in regions.items()},
            ends={parent: tuple(filter(_may_end, nodes)) for parent, nodes in regions.items()},
        )

    def _node(self, draft: DraftNode) -> PlanNode:
        loops = self.loops[draft.id]
        return PlanNode(
            id=draft.id,
            index=draft.index,
            kind=draft.kind,
            name=draft.name,
            spec=draft.spec,
            params=draft.params,
            template=_template(draft),
            settings=_node_settings(draft),
            ports=draft.ports,
            main_port=draft.main_port or (draft.ports[0] if draft.ports else SUCCESS),
            parent=draft.parent,
            loops=loops,
            shape=self._shape(draft),
        )

    def _shape(self, draft: DraftNode) -> tuple[str, ...]:
        own = tuple(f"loop:{header}" for header in self.loops[draft.id])
        if draft.parent is None:
            return own
        return (*self._shape(self.draft.nodes[draft.parent]), f"each:{draft.parent}", *own)

    def _place_in_scopes(self, root: PlanScope) -> None:
        """Outer loops come first among a node's loops, so that an outer scope exists before its inner ones."""
        headers = {header: PlanScope(header=self.nodes[header]) for header in self.cycles.loops}
        for node in self.nodes.values():
            body = root if node.parent is None else self.nodes[node.parent].body
            scope = headers[node.loops[-1]] if node.loops else body
            if scope is None:
                raise AssertionError("validation lets only a for_each be a parent")
            node.scope = scope
            scope.nodes.append(node)
            if node.id in headers:
                node.loop = headers[node.id]
                around = headers[node.loops[-2]] if len(node.loops) > 1 else body
                if around is not None:
                    around.loops.append(node.loop)

    def _connect(self) -> None:
        for position, draft in enumerate(self.draft.edges):
            source, target = self.nodes[draft.source.id], self.nodes[draft.target.id]
            edge = PlanEdge(draft.index, source, draft.port, target, back=position in self.cycles.back)
            target.incoming.append(edge)
            source.outgoing.setdefault(edge.port, []).append(edge)
            if source.spec.opens_items and edge.port == ITEM:
                source.item_edges.append(edge)
            else:
                source.edges.append(edge)
                self._measure(edge)
        for node in self.nodes.values():
            if isinstance(node.settings.on_error, Fallback):
                node.fallback = self.nodes[node.settings.on_error.node]
                node.fallback.rescues = node

    def _measure(self, edge: PlanEdge) -> None:
        """How many loops the edge leaves; the outermost of them must know it."""
        source, target = edge.source, edge.target
        if edge.back:
            edge.up = len(source.loops) - source.loops.index(target.id) - 1
            return
        kept = common_length(source.loops, target.loops)
        edge.up = len(source.loops) - kept
        if edge.up:
            outermost = self.nodes[source.loops[kept]].loop
            if outermost is not None:
                outermost.exits.append(edge)

    def _settle_sources(self, node: PlanNode) -> None:
        forward = [edge for edge in node.incoming if not edge.back]
        ports: dict[str, set[str]] = {}
        for edge in forward:
            ports.setdefault(edge.source.id, set()).add(edge.port)
        node.predecessors = tuple(ports)
        node.sources = tuple(_source(node, self.nodes[one], frozenset(held)) for one, held in ports.items())
        node.fan_in = len(forward) if node.rescues is None else 1
        join = node.settings.join
        node.needs = None if join == "all" else 1 if join == "any" else int(join)
        node.remembers = (node.needs is not None and node.fan_in > 1) or any(
            one.deeper for one in node.sources
        )


def _is_root(node: PlanNode) -> bool:
    return node.parent is None and not node.fan_in


def _may_end(node: PlanNode) -> bool:
    """Whether its output may go nowhere; a fallback's goes to the node it stands for."""
    ports = {node.main_port, *node.ports} - {ITEM}
    return node.rescues is None and not all(node.outgoing.get(port) for port in ports)


def _source(node: PlanNode, source: PlanNode, ports: frozenset[str]) -> Source:
    if node.parent == source.id:
        return Source(source, ports, drop=len(node.loops) + 1, deeper=False, is_owner=True)
    kept = common_length(node.loops, source.loops)
    deeper = kept < len(source.loops)
    return Source(source, ports, drop=len(node.loops) - kept, deeper=deeper, is_owner=False)


def _loops_by_node(draft: Draft, cycles: Cycles) -> dict[str, tuple[str, ...]]:
    """Headers around each node, outermost first: of two loops around one node the larger holds the other."""
    found: dict[str, list[str]] = {node_id: [] for node_id in draft.nodes}
    for header, body in sorted(cycles.loops.items(), key=lambda loop: -len(loop[1])):
        for node_id in body:
            found[node_id].append(header)
    for node in draft.nodes.values():
        _stay_with_rescued(node, draft, found)
    return {node_id: tuple(headers) for node_id, headers in found.items()}


def _stay_with_rescued(node: DraftNode, draft: Draft, found: dict[str, list[str]]) -> None:
    """A fallback runs in the visit of the node it stands for, though no edge need lead back from it."""
    if node.fallback is not None:
        found[node.fallback] = found[node.id]
        _stay_with_rescued(draft.nodes[node.fallback], draft, found)


def _node_settings(draft: DraftNode) -> NodeSettings:
    given = draft.settings
    fallback = draft.fallback
    join = given.get("join", "all")
    return NodeSettings(
        timeout=given.get("timeout", draft.spec.timeout),
        retry=retry_policy(given.get("retry")),
        on_error=draft.on_error if fallback is None else Fallback(fallback),
        join=join["at_least"] if isinstance(join, dict) else join,
        for_each=_for_each(draft),
        disabled=given.get("disabled", False),
        cacheable=given.get("cacheable", False),
        cache_ttl=given.get("cache_ttl"),
        cache_key=compile_value(given["cache_key"]) if "cache_key" in given else None,
        cache_stale=given.get("cache_stale"),
        cache_tags=compile_value(given["cache_tags"]) if "cache_tags" in given else None,
        concurrency=given.get("concurrency"),
        queue=given.get("queue"),
        region=given.get("region"),
    )


def _for_each(draft: DraftNode) -> ForEach | None:
    given = draft.params if draft.spec.opens_items else draft.settings.get("for_each")
    if given is None:
        return None
    limit = given.get("limit")
    mode = given.get("on_item_error", "stop")
    return ForEach(
        items=compile_value(given.get("items")),
        limit=limit if type(limit) is int and limit > 0 else 10,
        on_item_error="null" if mode is None else mode,
    )


def _plan_settings(given: Mapping[str, Any]) -> PlanSettings:
    return PlanSettings(
        timeout=given.get("timeout"),
        on_failure=given.get("on_failure", "stop"),
        max_iterations=given.get("max_iterations", 1_000),
        concurrency=_concurrency(given.get("concurrency")),
        durability=given.get("durability", "full"),
    )


def _concurrency(given: Mapping[str, Any] | None) -> Concurrency | None:
    if given is None:
        return None
    key = given.get("key")
    return Concurrency(
        limit=given["limit"],
        key=None if key is None else compile_value(key),
        on_limit=given.get("on_limit") or "queue",
    )


class _Params:
    """Template params rendered, the others as they are."""

    __slots__ = ("fixed", "is_static", "nodes_used", "roots_used", "templates")

    def __init__(self, fixed: dict[str, Any], templates: Renderable) -> None:
        self.fixed = fixed
        self.templates = templates
        self.is_static = templates.is_static
        self.roots_used = templates.roots_used
        self.nodes_used = templates.nodes_used

    def render(self, scope: Mapping[str, Any]) -> Any:
        return {**self.fixed, **self.templates.render(scope)}


def _template(draft: DraftNode) -> Renderable:
    templates = template_params(draft.spec.template_params, draft.params)
    compiled = compile_value(templates)
    fixed = {name: value for name, value in draft.params.items() if name not in templates}
    return _Params(fixed, compiled) if fixed else compiled
