"""The core against the rules written down a second time, as plainly and slowly as they can be."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.engine.runs import Fails, Retries, Run, To, Waits
from tests.engine.strategies import Case, flat_cases

ENDED, DEAD, FAILED = "succeeded", "skipped", "failed"


class Rules:
    """What becomes of each node of a graph without loops and lists: its status, and the port it left along."""

    def __init__(self, case: Case, run: Run) -> None:
        self.nodes = {node["id"]: node for node in case.definition["nodes"]}
        self.edges = case.definition["edges"]
        self.results = {node_id: _without_lists(case)(run.state, run.step(node_id)) for node_id in self.nodes}
        self.known: dict[str, tuple[str, str | None]] = {}

    def outcome(self, node_id: str) -> tuple[str, str | None]:
        if node_id not in self.known:
            self.known[node_id] = self.work_out(node_id)
        return self.known[node_id]

    def work_out(self, node_id: str) -> tuple[str, str | None]:
        if not self.starts(node_id):
            return DEAD, None
        given_settings = self.nodes[node_id].get("settings", {})
        main = self.main_port(node_id)
        if given_settings.get("disabled"):
            return DEAD, main
        result = self.results[node_id]
        if isinstance(result, Retries | Waits):
            result = result.then
        if not isinstance(result, Fails):
            return ENDED, result.port if isinstance(result, To) else main
        on_error = given_settings["on_error"]
        if isinstance(on_error, dict):
            return FAILED, main if self.outcome(on_error["fallback"])[1] is not None else None
        return FAILED, main if on_error == "continue" else "error"

    def starts(self, node_id: str) -> bool:
        rescued = [one for one in self.nodes if self.fallback_of(one) == node_id]
        if rescued:
            return self.starts(rescued[0]) and self.fails(rescued[0])
        arriving = [edge for edge in self.edges if edge["to"] == node_id]
        if not arriving:
            return True
        live = sum(self.outcome(edge["from"])[1] == edge.get("port", "success") for edge in arriving)
        join = self.nodes[node_id].get("settings", {}).get("join", "all")
        least: int = join["at_least"] if isinstance(join, dict) else 1
        return live >= least

    def fails(self, node_id: str) -> bool:
        disabled = self.nodes[node_id].get("settings", {}).get("disabled")
        return not disabled and isinstance(self.results[node_id], Fails)

    def fallback_of(self, node_id: str) -> str | None:
        on_error = self.nodes[node_id].get("settings", {}).get("on_error")
        return on_error["fallback"] if isinstance(on_error, dict) else None

    def main_port(self, node_id: str) -> str:
        prefixes = {"if": "true", "lo": "done", "ea": "done"}
        return prefixes.get(node_id[:2], "success")


@settings(max_examples=400, deadline=None)
@given(flat_cases(), st.integers(0, 2**32))
def test_every_step_ends_as_the_rules_say(case: Case, order: int) -> None:
    lot = random.Random(order)
    run = Run(case.plan, _without_lists(case), trigger={"x": 1}).play(lambda held: lot.randrange(len(held)))
    assume(run.end is not None and run.end.status == "succeeded")
    rules = Rules(case, run)

    assert {node_id: rules.outcome(node_id) for node_id in rules.nodes} == {
        node_id: (run.step(node_id).status, run.step(node_id).port) for node_id in rules.nodes
    }


def _without_lists(case: Case) -> Any:
    """A for_each without a body answers an empty list by itself."""
    return lambda state, step: [] if step.spec.for_each is not None else case.result(state, step)
