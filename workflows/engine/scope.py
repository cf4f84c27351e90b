"""What a step can see: its input, and the names of its expressions. Nothing is looked up before it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.engine.errors import error_document
from workflows.engine.frames import body_around
from workflows.engine.plan import PlanNode, Source
from workflows.engine.steps import FINAL, State, Step


def input_of(state: State, step: Step) -> Any:
    """Its shape follows from the graph: one predecessor's output, several by node id, the trigger, or the item."""
    if step.fan is not None:
        return step.fan.items[step.index]
    node = step.spec
    if node.rescues is not None:
        rescued = state.steps[(node.rescues.id, step.frame.path)]
        return error_document(rescued.error or {}, input_of(state, rescued))
    sources = node.sources
    if len(sources) == 1:
        return _delivered(state, step, sources[0])[1]
    if not sources:
        return state.trigger if node.parent is None else _item(step)[0]
    found: dict[str, Any] = {}
    for source in sources:
        live, value = _delivered(state, step, source)
        if live:
            found[source.node.id] = value
    return found


def scope_of(state: State, step: Step) -> Mapping[str, Any]:
    """The names that the step's expressions may use. `item` and `index` are there inside a for_each only."""
    return _Scope(state, step)


def visit_of(state: State, step: Step) -> int:
    """Which visit this is, from 1: of the loop that the node leads back to, else of the innermost around it."""
    visits = step.frame.visits
    back = next((edge.up for edge in step.spec.edges if edge.back), 0)
    return visits[-1 - back] if visits else 1


class _Scope(Mapping[str, Any]):
    __slots__ = ("_input", "_state", "_step")

    def __init__(self, state: State, step: Step) -> None:
        self._state = state
        self._step = step
        self._input: Any = _MISSING

    def __getitem__(self, name: str) -> Any:
        state = self._state
        if name == "nodes":
            return _Nodes(state, self._step)
        if name == "input":
            if self._input is _MISSING:
                self._input = input_of(state, self._step)
            return self._input
        if name == "trigger":
            return state.trigger
        if name == "vars":
            return state.variables
        if name == "execution":
            return state.execution
        if name in ("item", "index") and _is_inside(self._step):
            return _item(self._step)[0 if name == "item" else 1]
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        yield from ("trigger", "input", "nodes", "vars", "execution")
        if _is_inside(self._step):
            yield from ("item", "index")

    def __len__(self) -> int:
        return 7 if _is_inside(self._step) else 5


class _Nodes(Mapping[str, Any]):
    """Outputs by node id: of this iteration inside bodies, of the latest visit in loops, null without one."""

    __slots__ = ("_state", "_step")

    def __init__(self, state: State, step: Step) -> None:
        self._state = state
        self._step = step

    def __getitem__(self, node_id: str) -> Any:
        return _value(_seen(self._state, self._step, self._state.plan.nodes[node_id]))

    def get(self, node_id: str, default: Any = None) -> Any:
        node = self._state.plan.nodes.get(node_id)
        return default if node is None else _value(_seen(self._state, self._step, node))

    def __iter__(self) -> Iterator[str]:
        plan = self._state.plan
        return (node.id for node in plan.nodes.values() if plan.view(self._step.spec, node) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


_MISSING: Any = object()


def _seen(state: State, step: Step, node: PlanNode) -> Step | None:
    """The step of a node that this one sees: its own visit's once that is final, else the latest before."""
    view = state.plan.view(step.spec, node)
    if view is None:
        return None
    path = step.frame.path
    if view.exact is not None:
        found = state.steps.get((node.id, _without(path, view.exact)))
        if found is not None and found.status in FINAL:
            return found
    latest = state.latest.get((node.id, _without(path, view.region)))
    return None if latest is None else latest[1]


def _value(step: Step | None) -> Any:
    return None if step is None or step.port is None or step.status == "skipped" else step.output


def _delivered(state: State, step: Step, source: Source) -> tuple[bool, Any]:
    """Whether a predecessor's edge was live when the step started, and what came along it."""
    inputs = step.inputs
    if inputs is not None and source.node.id not in inputs:
        return False, None
    if source.is_owner:
        return True, _item(step)[0]
    path = _without(step.frame.path, source.drop) if inputs is None else inputs[source.node.id]
    sent = state.steps.get((source.node.id, path))
    if sent is None or sent.port not in source.ports:
        return False, None
    return True, sent.output


def _is_inside(step: Step) -> bool:
    return step.fan is not None or step.spec.parent is not None


def _item(step: Step) -> tuple[Any, int]:
    """The item and its index, of the innermost for_each."""
    if step.fan is not None:
        return step.fan.items[step.index], step.index
    item = body_around(step.frame)
    return (None, 0) if item.fan is None else (item.fan.items[item.index], item.index)


def _without(path: str, parts: int) -> str:
    """The path without that many of its last parts."""
    if not parts:
        return path
    kept = path.rsplit("/", parts)
    return kept[0] if len(kept) > parts else ""
