"""Whether params are complete, and whether the expressions in them refer to what exists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.engine.draft import Draft, DraftNode
from workflows.engine.expressions import ROOTS, check_value
from workflows.engine.findings import Report
from workflows.engine.findings import escaped as token

_PER_ITEM = frozenset({"item", "index"})
_AT_START = frozenset({"trigger", "vars", "execution"})


def check_params(draft: Draft, report: Report) -> None:
    visible = _Visible(draft)
    _check_concurrency(draft, report)
    for node in draft.nodes.values():
        if node.known:
            _check_node(node, visible.from_node(node), report)


class _Visible:
    """Ids that a node's expressions may name: its own body's and those of the bodies around it."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.members: dict[str | None, list[str]] = {}
        for node in draft.nodes.values():
            self.members.setdefault(node.parent, []).append(node.id)
        self.known: dict[str | None, frozenset[str]] = {}

    def from_node(self, node: DraftNode) -> frozenset[str]:
        if node.parent not in self.known:
            bodies = [None, *self.draft.ancestors(node)]
            self.known[node.parent] = frozenset(one for body in bodies for one in self.members.get(body, ()))
        return self.known[node.parent]


def _check_node(node: DraftNode, visible: frozenset[str], report: Report) -> None:
    around = ROOTS if node.parent is not None else ROOTS - _PER_ITEM
    for_each = node.settings.get("for_each")
    inside = ROOTS if isinstance(for_each, dict) else around
    for problem in node.spec.check_params(node.params):
        report.block(f"{node.pointer}/params{problem.pointer}", problem.code, problem.detail)
    for name, value in template_params(node.spec.template_params, node.params).items():
        _check_expressions(value, f"{node.pointer}/params/{token(name)}", inside, visible, report)
    settings = f"{node.pointer}/settings"
    if isinstance(for_each, dict) and "items" in for_each:
        _check_expressions(for_each["items"], f"{settings}/for_each/items", around, visible, report)
    for name in ("cache_key", "cache_tags"):
        if name in node.settings:
            _check_expressions(node.settings[name], f"{settings}/{name}", inside, visible, report)


def _check_concurrency(draft: Draft, report: Report) -> None:
    """The key is known before anything has run."""
    given = draft.settings.get("concurrency")
    if isinstance(given, dict) and "key" in given:
        _check_expressions(given["key"], "/settings/concurrency/key", _AT_START, frozenset(), report)


def _check_expressions(
    value: Any, pointer: str, roots: frozenset[str], node_ids: frozenset[str], report: Report
) -> None:
    for place, problem in check_value(value, roots=roots, node_ids=node_ids, pointer=pointer):
        report.block(place, problem.code, problem.detail)


def template_params(names: frozenset[str] | None, params: Mapping[str, Any]) -> dict[str, Any]:
    """The params whose texts are templates."""
    return {name: value for name, value in params.items() if names is None or name in names}
