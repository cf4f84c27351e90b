"""How much CPU the core spends on a trivial node: a chain of ten through decide, apply and scope.

The floor is what any core would have to do in Python: make the records, the commands and the events of a node,
without deciding anything. Run it with `python benchmarks/engine_cpu.py`.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from workflows.engine.apply import apply
from workflows.engine.commands import Finish, RunStep
from workflows.engine.decide import decide
from workflows.engine.events import StepStarted, StepSucceeded
from workflows.engine.graph import compile_plan
from workflows.engine.kinds import KindSpec
from workflows.engine.plan import Plan
from workflows.engine.scope import scope_of
from workflows.engine.state import begin
from workflows.engine.steps import Step

NODES = 10
ROUNDS = 2_000
REPEATS = 5
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Chain:
    """A catalogue with one kind."""

    def spec(self, kind: str) -> KindSpec | None:
        return KindSpec(kind=kind, trigger=kind == "trigger.manual")


def chain() -> Plan:
    previous = [f"n{number - 1}" for number in range(1, NODES)]
    nodes = [
        {"id": "n0", "kind": "trigger.manual"},
        *(
            {
                "id": f"n{number}",
                "kind": "data.set",
                "params": {"values": {"n": f"{{{{ nodes.n{number - 1}.n }}}}"}},
            }
            for number in range(1, NODES)
        ),
    ]
    edges = [{"from": source, "to": f"n{number}"} for number, source in enumerate(previous, start=1)]
    return compile_plan({"schema": "studio/1", "nodes": nodes, "edges": edges}, Chain())


def execute(plan: Plan, *, render: bool) -> None:
    """One execution, as the runtime drives it when every node answers at once."""
    state = begin(plan, trigger_node="n0", trigger={"n": 1}, variables={}, execution={})
    while True:
        for command in decide(state, NOW):
            if isinstance(command, Finish):
                return
            if not isinstance(command, RunStep):
                raise TypeError(command)
            key = command.key
            apply(state, StepStarted(key))
            output: object = state.trigger
            if render:
                step = state.steps[key]
                output = step.spec.template.render(scope_of(state, step)).get("values", state.trigger)
            apply(state, StepSucceeded(key, output))
        state.take_changes()


def floor(plan: Plan) -> None:
    steps = {}
    for node_id in plan.nodes:
        step = Step(node_id)
        steps[step.key] = step
        RunStep(step.key, 1)
        StepStarted(step.key)
        StepSucceeded(step.key, None)


def microseconds(work: Callable[[], None]) -> float:
    """Per node, the best of some rounds."""
    best = float("inf")
    for _ in range(REPEATS):
        begun = time.process_time()
        for _ in range(ROUNDS):
            work()
        best = min(best, time.process_time() - begun)
    return best / ROUNDS / NODES * 1e6


def main() -> None:
    plan = chain()
    least = microseconds(lambda: floor(plan))
    print(f"floor: records, commands and events only  {least:6.2f} µs per node")
    for name, render in (("decide + apply", False), ("decide + apply + scope and a template", True)):
        spent = microseconds(functools.partial(execute, plan, render=render))
        print(f"{name:<41} {spent:6.2f} µs per node, {spent / least:.1f} times the floor")


if __name__ == "__main__":
    main()
