"""What steps were given, worked out from the rows of what came before them.

Inputs are not stored: the graph says where each comes from, and step ids follow from node and iteration, so a
page of steps costs one more query for its predecessors and one for each failure that a fallback stood in for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from studio.kernel import codec
from workflows.engine.errors import error_document
from workflows.engine.plan import Plan, PlanNode, Source
from workflows.models import Step

Key = tuple[str, str]
_UNTOLD = frozenset({"pending", "skipped"})


@dataclass
class _Missing(Exception):
    """A row that must be read before an input can be told."""

    key: Key


Read = Callable[[set[Key]], Iterable[Step]]
"""Rows of these steps, as far as there are any."""


class StepInputs:
    """Inputs of steps of one execution; `trigger` is what it was started with."""

    def __init__(self, plan: Plan, trigger: Any, read: Read) -> None:
        self._plan = plan
        self._trigger = trigger
        self._fetch = read
        self._rows: dict[Key, Step | None] = {}

    def of(self, steps: Iterable[Step]) -> list[Any]:
        """One input per step; null for one that did not start."""
        asked = list(steps)
        self._rows.update({(step.node, step.iteration): step for step in asked})
        inputs: dict[Key, Any] = {}
        while True:
            missing = set()
            for step in asked:
                try:
                    inputs[(step.node, step.iteration)] = self._input(step)
                except _Missing as found:
                    missing.add(found.key)
            if not missing:
                return [inputs[(step.node, step.iteration)] for step in asked]
            self._read(missing)

    def _read(self, keys: set[Key]) -> None:
        self._rows.update(dict.fromkeys(keys))
        self._rows.update({(row.node, row.iteration): row for row in self._fetch(keys)})

    def _row(self, node: str, iteration: str) -> Step | None:
        key = (node, iteration)
        if key not in self._rows:
            raise _Missing(key)
        return self._rows[key]

    def _input(self, step: Step) -> Any:
        node = self._plan.nodes.get(step.node)
        if node is None or (step.status in _UNTOLD and step.reason != "disabled"):
            return None
        if _is_item_of_itself(node, step):
            return self._item(node.id, step.iteration)
        if node.rescues is not None:
            rescued = self._row(node.rescues.id, step.iteration)
            return None if rescued is None else error_document(rescued.error or {}, self._input(rescued))
        if not node.sources:
            return self._trigger if node.parent is None else self._item_around(node, step.iteration)
        if len(node.sources) == 1:
            return self._delivered(node, step, node.sources[0])[1]
        found = {}
        for source in node.sources:
            live, value = self._delivered(node, step, source)
            if live:
                found[source.node.id] = value
        return found

    def _delivered(self, node: PlanNode, step: Step, source: Source) -> tuple[bool, Any]:
        inputs = (codec.decode(step.memo) or {}).get("inputs")
        if inputs is not None and source.node.id not in inputs:
            return False, None
        if source.is_owner:
            return True, self._item_around(node, step.iteration)
        path = _without(step.iteration, source.drop) if inputs is None else inputs[source.node.id]
        sent = self._row(source.node.id, path)
        if sent is None or sent.port not in source.ports:
            return False, None
        return True, codec.decode(sent.output)

    def _item_around(self, node: PlanNode, iteration: str) -> Any:
        """The item of the innermost for_each around the node."""
        return self._item(node.parent or "", _without(iteration, len(node.loops)))

    def _item(self, owner: str, iteration: str) -> Any:
        """`iteration` ends with the part that counts the owner's items."""
        row = self._row(owner, _without(iteration, 1))
        items = (codec.decode(row.memo) or {}).get("items") if row is not None else None
        index = int(iteration.rpartition(".")[2] or 0)
        return items[index] if isinstance(items, list) and index < len(items) else None


def _is_item_of_itself(node: PlanNode, step: Step) -> bool:
    """A step per item of a single node that maps over a list."""
    parts = step.iteration.count("/") + 1 if step.iteration else 0
    return node.for_each is not None and not node.spec.opens_items and parts > len(node.shape)


def _without(path: str, parts: int) -> str:
    kept = path.rsplit("/", parts) if parts else [path]
    return kept[0] if len(kept) > parts else ""
