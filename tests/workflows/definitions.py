"""Definitions that the tests of workflows send."""

from __future__ import annotations

from typing import Any


def definition(
    *nodes: dict[str, Any], edges: list[dict[str, Any]] | None = None, **more: Any
) -> dict[str, Any]:
    return {"schema": "studio/1", "nodes": list(nodes), "edges": edges or [], **more}


def node(node_id: str, kind: str, **params: Any) -> dict[str, Any]:
    return {"id": node_id, "kind": kind, "params": params}


GREET = definition(
    node("start", "trigger.manual"),
    node("hello", "data.set", values={"text": "Hello {{ trigger.name }}"}),
    edges=[{"from": "start", "to": "hello"}],
)
INCOMPLETE = definition(
    node("start", "trigger.manual"), node("fetch", "http.request"), edges=[{"from": "start", "to": "fetch"}]
)
UNKNOWN_KIND = definition(node("start", "trigger.manual"), node("x", "no.such_kind"))
CYCLE = definition(
    node("start", "trigger.manual"),
    node("a", "data.set", values={}),
    node("b", "data.set", values={}),
    edges=[{"from": "start", "to": "a"}, {"from": "a", "to": "b"}, {"from": "b", "to": "a"}],
)
