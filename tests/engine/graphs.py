"""Graphs as text: `graph("start > a b > c")` is a definition, with kinds told by the first letters of ids."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

from workflows.engine.graph import compile_plan
from workflows.engine.kinds import Catalogue, KindSpec
from workflows.engine.plan import Plan

_KINDS = {
    "start": KindSpec(kind="trigger.manual", trigger=True),
    "hook": KindSpec(kind="trigger.webhook", trigger=True),
    "if": KindSpec(kind="logic.if", ports=("true", "false"), branching=True, passes_input=True),
    "loop": KindSpec(kind="flow.loop", ports=("again", "done"), branching=True, passes_input=True),
    "each": KindSpec(kind="flow.for_each", ports=("item", "done"), opens_items=True, timeout=None),
    "say": KindSpec(kind="flow.respond"),
    "": KindSpec(kind="test.step"),
}
_BODY = re.compile(r"(\w+)\s*\[([^\]]*)\]")


class TestCatalogue(Catalogue):
    """The kinds above, by their names."""

    __test__ = False

    def spec(self, kind: str) -> KindSpec | None:
        return next((spec for spec in _KINDS.values() if spec.kind == kind), None)


CATALOGUE = TestCatalogue()


def graph(
    text: str, *, workflow: Mapping[str, Any] | None = None, **settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Statements end with `;`. `a.port > b c` draws edges, `each[x y]` puts x and y into a body.

    Keywords are settings of nodes. A for_each takes its `limit` and `on_item_error` as params.
    """
    nodes: dict[str, dict[str, Any]] = {}
    edges: list[dict[str, str]] = []
    for statement in filter(None, (part.strip() for part in text.split(";"))):
        body = _BODY.fullmatch(statement)
        if body:
            for node_id in body[2].split():
                _node(nodes, node_id)["parent"] = body[1]
            continue
        groups = [group.split() for group in statement.split(">")]
        for group in groups:
            for end in group:
                _node(nodes, end.split(".")[0])
        for sources, targets in itertools.pairwise(groups):
            edges += [_edge(source, target) for source in sources for target in targets]
    for node_id, given in settings.items():
        _set(nodes[node_id], given)
    return {
        "schema": "studio/1",
        "nodes": list(nodes.values()),
        "edges": edges,
        "settings": dict(workflow or {}),
    }


def plan(text: str, **settings: Mapping[str, Any]) -> Plan:
    return compile_plan(graph(text, **settings), CATALOGUE)


def _node(nodes: dict[str, dict[str, Any]], node_id: str) -> dict[str, Any]:
    prefix = next(prefix for prefix in _KINDS if node_id.startswith(prefix))
    return nodes.setdefault(node_id, {"id": node_id, "kind": _KINDS[prefix].kind, "params": {}})


def _edge(source: str, target: str) -> dict[str, str]:
    node_id, _, port = source.partition(".")
    edge = {"from": node_id, "to": target.split(".")[0]}
    return {**edge, "port": port} if port else edge


def _set(node: dict[str, Any], given: Mapping[str, Any]) -> None:
    if node["kind"] == "flow.for_each":
        names = ("items", "limit", "on_item_error")
        node["params"] = {name: given[name] for name in names if name in given}
        given = {name: value for name, value in given.items() if name not in names}
    node["params"].update(given.get("params", {}))
    node["settings"] = {name: value for name, value in given.items() if name != "params"}
