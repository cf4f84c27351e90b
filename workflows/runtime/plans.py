"""Definitions compiled once per process: the plan, and beside each node what its attempts need."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from psycopg.rows import tuple_row

from studio.common.committer import Connection
from studio.kernel import codec
from studio.kernel.errors import Invalid, NodeError, Permanent
from workflows.engine.graph import compile_plan
from workflows.engine.kinds import Effect
from workflows.engine.plan import Plan, PlanNode
from workflows.nodes import registry
from workflows.nodes.sdk import Node, NodeParams
from workflows.runtime.claim import DEFINITIONS_SQL
from workflows.runtime.endings import internal

log = structlog.get_logger()

KEPT = 512


@dataclass(slots=True)
class Prepared:
    """A node of a plan together with its kind. `fixed`: params without expressions, parsed on first use."""

    plan: PlanNode
    node: Node
    is_static: bool
    writes: bool
    fixed: NodeParams | None = None

    def params(self, rendered: Mapping[str, Any]) -> NodeParams:
        """The params to run with; raise Permanent `invalid_params`."""
        if not self.is_static:
            return registry.parse_params(self.plan.kind, rendered)
        if self.fixed is None:
            self.fixed = registry.parse_params(self.plan.kind, rendered)
        return self.fixed


@dataclass(slots=True)
class Compiled:
    """A plan that can run here."""

    plan: Plan
    nodes: dict[str, Prepared]
    uses_variables: bool


@dataclass
class Plans:
    """The most recently used plans; one that cannot run keeps its error, to be told by every execution of it."""

    _kept: OrderedDict[uuid.UUID, Compiled | NodeError] = field(default_factory=OrderedDict)

    async def load(
        self, connection: Connection, wanted: Iterable[uuid.UUID]
    ) -> dict[uuid.UUID, Compiled | NodeError]:
        """Every wanted plan, by the id of its definition."""
        wanted = set(wanted)
        missing = [definition for definition in wanted if definition not in self._kept]
        if missing:
            async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
                await cursor.execute(DEFINITIONS_SQL, [missing])
                for identifier, body in await cursor.fetchall():
                    self._kept[identifier] = _compile_stored(identifier, body)
        found = {definition: self._take(definition) for definition in wanted}
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    def _take(self, definition: uuid.UUID) -> Compiled | NodeError:
        if definition not in self._kept:
            return Permanent(reason="Its definition is gone.", error_code="definition_missing")
        self._kept.move_to_end(definition)
        return self._kept[definition]


def _compile_stored(definition: uuid.UUID, body: Any) -> Compiled | NodeError:
    try:
        return compile_definition(codec.decode(body))
    except Exception:
        # Whatever is wrong with one definition must not stop the worker that met it.
        log.exception("definition.unreadable", definition=str(definition))
        return internal("definition")


def compile_definition(document: Any) -> Compiled | NodeError:
    """A definition that was valid when it was saved may name a kind that is not installed here."""
    try:
        plan = compile_plan(document, registry)
        nodes = {node.id: _prepare(node) for node in plan.nodes.values()}
    except Invalid as error:
        first = next((problem.detail for problem in error.problems), str(error))
        return Permanent(reason=f"This definition cannot run here: {first}", error_code="definition_invalid")
    except NodeError as error:
        return error
    return Compiled(plan, nodes, any(_uses_variables(node) for node in plan.nodes.values()))


def _prepare(plan: PlanNode) -> Prepared:
    node = registry.node(plan.kind)
    return Prepared(plan, node, is_static=plan.template.is_static, writes=node.effect is Effect.WRITE)


def _uses_variables(node: PlanNode) -> bool:
    each = node.settings.for_each
    return "vars" in node.template.roots_used or (each is not None and "vars" in each.items.roots_used)
