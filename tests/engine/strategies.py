"""Random definitions and random results; a result depends on the step alone, never on the order of events."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from studio.kernel.errors import Invalid
from tests.engine.graphs import CATALOGUE, graph
from tests.engine.runs import Fails, Retries, To, Waits
from workflows.engine.graph import compile_plan
from workflows.engine.plan import Plan
from workflows.engine.scope import input_of
from workflows.engine.steps import State, Step

_ON_ERROR = ("stop", "stop", "continue", "fallback")
_MODES = ("stop", "null", "collect")


@dataclass(frozen=True)
class Case:
    """A plan with the seed of its results."""

    plan: Plan
    seed: int
    definition: dict[str, Any]

    @property
    def is_ordered(self) -> bool:
        """Whether outputs could follow from which of several steps came first."""
        nodes = self.plan.nodes.values()
        return any(node.needs is not None for node in nodes) or any(
            node.for_each is not None and node.for_each.on_item_error == "stop" for node in nodes
        )

    @property
    def is_comparable(self) -> bool:
        """Whether two runs yield equal outputs: some pass on an input that follows from what came first."""
        passing = [
            node.settings.disabled or node.settings.on_error == "continue"
            for node in self.plan.nodes.values()
        ]
        return not self.is_ordered or not any(passing)

    def result(self, state: State, step: Step) -> Any:
        lot = random.Random(f"{self.seed} {step.key}")
        if step.spec.for_each is not None and step.fan is None:
            return [f"item {number}" for number in range(lot.choice((0, 1, 3, 5)))]
        output = {"step": step.key, "got": None if self.is_ordered else repr(input_of(state, step))}
        if step.spec.spec.branching:
            return To(lot.choice(step.spec.ports), output)
        roll = lot.random()
        if roll < 0.12:
            return Fails()
        if roll < 0.2:
            return Retries(lot.choice((1, 2)), output)
        return Waits(lot.choice((1.0, 2.0)), output) if roll < 0.28 else output


@st.composite
def cases(draw: st.DrawFn) -> Case:
    lot = random.Random(draw(st.integers(0, 2**32)))
    return _case(_definition(lot, size=draw(st.integers(1, 9))), draw(st.integers(0, 2**32)))


@st.composite
def flat_cases(draw: st.DrawFn) -> Case:
    """Without loops, lists and failures that stop: joins, dead paths and handled failures alone."""
    lot = random.Random(draw(st.integers(0, 2**32)))
    definition = graph("start")
    ids = [_add_node(definition, lot, f"n{number}", None) for number in range(draw(st.integers(1, 9)))]
    for later, target in enumerate(ids):
        for source in lot.sample(["start", *ids[:later]], k=min(later + 1, lot.choice((1, 1, 2, 3)))):
            _add_edge(definition, lot, source, target)
    for node in definition["nodes"][1:]:
        node["settings"].pop("for_each", None)
        node["settings"].update({"on_error": "continue"} if node["settings"]["on_error"] == "stop" else {})
    _fallbacks(definition, lot)
    return _case(definition, draw(st.integers(0, 2**32)))


def _case(definition: dict[str, Any], seed: int) -> Case:
    while True:
        try:
            plan = compile_plan(definition, CATALOGUE)
        except Invalid as error:
            _mend(definition, [problem.pointer for problem in error.problems])
        else:
            return Case(plan, seed, definition)


def _definition(lot: random.Random, size: int) -> dict[str, Any]:
    document = graph("start", workflow={"max_iterations": 4})
    _region(document, lot, "n", size, parent=None)
    reached = {edge["to"] for edge in document["edges"]}
    for node in document["nodes"]:
        if node["id"] not in reached and node["id"] != "start" and "parent" not in node:
            document["edges"].append({"from": "start", "to": node["id"]})
    _fallbacks(document, lot)
    return document


def _region(document: dict[str, Any], lot: random.Random, prefix: str, size: int, parent: str | None) -> None:
    """Forward edges between random kinds, some back edges, and bodies within for_each nodes."""
    ids = [_add_node(document, lot, f"{prefix}{number}", parent) for number in range(size)]
    for later in range(1, size):
        for earlier in sorted(lot.sample(range(later), k=min(later, lot.choice((0, 1, 1, 2, 3))))):
            _add_edge(document, lot, ids[earlier], ids[later])
    branches = [number for number, node_id in enumerate(ids) if node_id[:2] in ("if", "lo")]
    for later in branches if lot.random() < 0.6 else ():
        _add_edge(document, lot, ids[later], ids[lot.randrange(later + 1)])
    for node_id in ids:
        if node_id.startswith("each") and prefix.count("b") < 2:
            body = node_id.removeprefix("each_") + "b"
            _region(document, lot, body, lot.choice((0, 1, 2, 3)), parent=node_id)
            for node in [
                one for one in document["nodes"] if one.get("parent") == node_id and lot.random() < 0.4
            ]:
                document["edges"].append({"from": node_id, "port": "item", "to": node["id"]})


def _add_node(document: dict[str, Any], lot: random.Random, name: str, parent: str | None) -> str:
    kind = lot.choice(("step", "step", "step", "if", "loop", "each", "map"))
    node_id = {"step": name, "map": name}.get(kind, f"{kind}_{name}")
    node = graph(node_id)["nodes"][0]
    settings: dict[str, Any] = {"on_error": lot.choice(_ON_ERROR), "disabled": lot.random() < 0.07}
    if lot.random() < 0.2:
        settings["join"] = lot.choice(("any", {"at_least": 2}))
    mapping: dict[str, Any] = {
        "items": [],
        "limit": lot.choice((1, 2, 9)),
        "on_item_error": lot.choice(_MODES),
    }
    if kind == "map":
        settings["for_each"] = mapping
    if kind == "each":
        node["params"] = mapping
    if parent is not None:
        node["parent"] = parent
    document["nodes"].append({**node, "settings": settings})
    return node_id


def _add_edge(document: dict[str, Any], lot: random.Random, source: str, target: str) -> None:
    ports = {"if": ("true", "false"), "lo": ("again", "done"), "ea": ("done",)}.get(source[:2], ("success",))
    edge = {"from": source, "port": lot.choice(ports), "to": target}
    if edge not in document["edges"]:
        document["edges"].append(edge)


def _fallbacks(document: dict[str, Any], lot: random.Random) -> None:
    for node in list(document["nodes"]):
        settings = node.get("settings", {})
        if settings.get("on_error") != "fallback":
            continue
        rescue = graph(f"rescue_{node['id']}")["nodes"][0]
        on_error = lot.choice(("stop", "continue"))
        parent = {"parent": node["parent"]} if "parent" in node else {}
        document["nodes"].append({**rescue, **parent, "settings": {"on_error": on_error}})
        settings["on_error"] = {"fallback": rescue["id"]}
        others = [one["id"] for one in document["nodes"] if one.get("parent") == node.get("parent")]
        if lot.random() < 0.4:
            document["edges"].append({"from": rescue["id"], "to": lot.choice(others)})


def _mend(document: dict[str, Any], pointers: list[str]) -> None:
    """Take out what validation names: edges as a whole, settings by name."""
    gone = {int(pointer.split("/")[2]) for pointer in pointers if pointer.startswith("/edges/")}
    document["edges"] = [edge for index, edge in enumerate(document["edges"]) if index not in gone]
    for pointer in pointers:
        parts = pointer.split("/")
        if parts[1] == "nodes" and len(parts) > 4:
            document["nodes"][int(parts[2])]["settings"].pop(parts[4], None)
    if not gone and all(len(pointer.split("/")) < 5 for pointer in pointers):
        for node in document["nodes"]:
            node.get("settings", {}).pop("on_error", None)
