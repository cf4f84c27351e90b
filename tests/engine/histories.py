"""Histories: what happened in an execution and what the core then asked for, kept as JSON.

They hold the core to what it once decided, because executions that are under way outlive a release. Record them
anew with `python -m tests.engine.histories`, and only when a change of what they hold is meant.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.engine.graphs import CATALOGUE, graph
from tests.engine.runs import Fails, Retries, Run, To, Waits
from workflows.engine import commands, events
from workflows.engine.apply import apply
from workflows.engine.decide import decide
from workflows.engine.events import Event
from workflows.engine.graph import compile_plan
from workflows.engine.state import begin

FOLDER = Path(__file__).resolve().parent.parent / "histories"

SCENARIOS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "branches_meet_again": (
        graph("start > if1; if1.true > a > d; if1.false > b > d; start > c > d"),
        {"if1": To("true", {"total": 120})},
    ),
    "error_branch_and_fallback": (
        graph("start > a b > d; a.error > e; f", a={"on_error": "branch"}, b={"on_error": {"fallback": "f"}}),
        {"a": Fails(), "b": Fails("gone")},
    ),
    "stop_with_a_sibling_running": (graph("start > a b; b > c"), {"a": Fails()}),
    "retry_then_succeed": (graph("start > a > b"), {"a": Retries(2, "third try")}),
    "wait_then_go_on": (graph("start > a b > c"), {"a": Waits(60.0, "slept")}),
    "loop_three_times": (
        graph("start > h > loop1; loop1.again > h; loop1.done > z"),
        {"loop1 loop.1": To("again"), "loop1 loop.2": To("again"), "loop1": To("done")},
    ),
    "for_each_with_a_failed_item": (
        graph(
            "start > each1; each1.item > x > y; each1.done > z; each1[x y]",
            each1={"on_item_error": "collect"},
        ),
        {"each1": ["i", "j", "k"], "x each.1": Fails()},
    ),
    "one_node_per_item": (
        graph("start > m > z", m={"for_each": {"items": [], "limit": 2}}),
        {"m": ["i", "j", "k"], "m each.1": Retries(1, "J")},
    ),
}


def record(definition: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
    run = _Recorder(compile_plan(definition, CATALOGUE), results, trigger={"n": 1})
    run.play()
    return {"definition": definition, "trigger": {"n": 1}, "turns": run.turns}


def replay(history: dict[str, Any]) -> list[list[Any]]:
    """What the core asks for now, turn by turn."""
    plan = compile_plan(history["definition"], CATALOGUE)
    state = begin(
        plan, trigger_node="start", trigger=history["trigger"], variables={"v": 1}, execution={"id": "e1"}
    )
    asked = []
    for turn in history["turns"]:
        if turn["event"] is not None:
            apply(state, _read_event(turn["event"]))
        asked.append([_written(command) for command in decide(state, datetime.fromisoformat(turn["now"]))])
    return asked


class _Recorder(Run):
    turns: list[dict[str, Any]]
    _event: Event | None = None

    def tell(self, event: Event) -> list[commands.Command]:
        self._event = event
        return super().tell(event)

    def look(self) -> list[commands.Command]:
        asked = super().look()
        if not hasattr(self, "turns"):
            self.turns = []
        event = None if self._event is None else _written(self._event)
        turn = {"now": self.now.isoformat(), "event": event, "commands": [_written(one) for one in asked]}
        self.turns.append(turn)
        self._event = None
        return asked


def _written(record: Any) -> dict[str, Any]:
    fields = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    found: dict[str, Any] = json.loads(json.dumps({"type": type(record).__name__, **fields}, default=str))
    return found


def _read_event(written: dict[str, Any]) -> Event:
    fields = {name: value for name, value in written.items() if name != "type"}
    if "key" in fields:
        fields["key"] = tuple(fields["key"])
    if fields.get("due_at"):
        fields["due_at"] = datetime.fromisoformat(fields["due_at"])
    event: Event = getattr(events, written["type"])(**fields)
    return event


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, scenario in SCENARIOS.items():
        text = json.dumps(record(*scenario), indent=1, sort_keys=True)
        (FOLDER / f"{name}.json").write_text(text + "\n")
