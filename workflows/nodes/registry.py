"""All node kinds: the modules of this package, and others by the entry point `studio.nodes`."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

import workflows.nodes
from studio.kernel.errors import Permanent, Problem
from workflows.engine.kinds import KindSpec
from workflows.nodes import params as checking
from workflows.nodes.sdk import Node, NodeParams, defined_kinds

ENTRY_POINT_GROUP = "studio.nodes"
_MACHINERY = frozenset(
    {"document", "http_caching", "http_message", "params", "registry", "sandbox", "sdk", "values"}
)


@functools.cache
def nodes() -> Mapping[str, Node]:
    """One instance of every kind, sorted by kind."""
    for module in pkgutil.iter_modules(workflows.nodes.__path__):
        if module.name not in _MACHINERY:
            importlib.import_module(f"workflows.nodes.{module.name}")
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        entry.load()
    return {kind: cls() for kind, cls in sorted(defined_kinds().items())}


def node(kind: str) -> Node:
    """The kind's one instance; raise Permanent for a kind that is not installed here."""
    found = nodes().get(kind)
    if found is None:
        raise Permanent(reason=f"The node kind {kind} is not installed here.", error_code="unknown_kind")
    return found


@functools.cache
def spec(kind: str) -> KindSpec | None:
    """What the engine needs to know of a kind; None for one that is not installed here."""
    found = nodes().get(kind)
    if found is None:
        return None
    return KindSpec(
        kind=kind,
        ports=found.ports,
        branching=found.branching,
        trigger=found.trigger,
        passes_input=found.passes_input,
        timeout=found.timeout,
        opens_items=found.opens_items,
        check_params=functools.partial(checking.check_params, found.Params),
        template_params=checking.template_params(found.Params),
        ports_of=found.ports_of,
    )


def check_params(kind: str, raw: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with params as written; raise Permanent for an unknown kind."""
    return checking.check_params(node(kind).Params, raw)


def parse_params(kind: str, rendered: Mapping[str, Any]) -> NodeParams:
    """The params to run with; raise Permanent `invalid_params`."""
    return checking.parse_params(node(kind).Params, rendered)


@functools.cache
def credential_params(kind: str) -> tuple[str, ...]:
    """The attributes of a kind's params that name credentials, by their form control."""
    found = []
    for name, info in node(kind).Params.model_fields.items():
        extra = info.json_schema_extra
        if isinstance(extra, dict) and str(extra.get("x-widget", "")).startswith("credential"):
            found.append(name)
    return tuple(found)


def catalogue() -> list[dict[str, Any]]:
    """Every kind as the API shows it."""
    return [describe(found) for found in nodes().values()]


def describe(found: Node) -> dict[str, Any]:
    """One kind as the API shows it."""
    documentation = (type(found).__doc__ or "").strip()
    return {
        "kind": found.kind,
        "label": _label(type(found).__name__),
        "category": found.kind.partition(".")[0],
        "summary": documentation.partition("\n")[0],
        "docs": _unindented(documentation),
        "effect": str(found.effect),
        "ports": list(found.ports),
        "version": found.version,
        "timeout": found.timeout,
        "trigger": found.trigger,
        "branching": found.branching,
        "opens_items": found.opens_items,
        "params_schema": found.Params.model_json_schema(),
        "example": _example(found),
    }


def _example(found: Node) -> dict[str, Any]:
    shown = {
        "params": dict(found.example.params),
        "input": found.example.input,
        "trigger": found.example.trigger,
        "output": found.example.output,
        "port": found.example.port,
    }
    return {key: value for key, value in shown.items() if value is not None or key == "output"}


def _label(class_name: str) -> str:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", class_name)
    return " ".join([words[0], *(word if word.isupper() else word.lower() for word in words[1:])])


def _unindented(text: str) -> str:
    return re.sub(r"\n[ \t]+", "\n", text)
