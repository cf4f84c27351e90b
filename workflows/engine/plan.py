"""A definition compiled for running: everything that can be known before the first step is known here.

Plans are never changed once built, apart from the memo of `views`; one plan serves any number of executions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.kernel.errors import Invalid, Problem
from workflows.engine.expressions import Renderable
from workflows.engine.kinds import KindSpec
from workflows.engine.retry import RetryPolicy


@dataclass(frozen=True)
class Fallback:
    """`on_error`: another node stands for this one."""

    node: str


@dataclass(frozen=True)
class ForEach:
    """Mapping a node or a body over a list; `items` renders to the list."""

    items: Renderable
    limit: int = 10
    on_item_error: str = "stop"


@dataclass(frozen=True)
class Concurrency:
    """How many executions run at once: of the workflow, or of those whose key renders to the same.

    `on_limit` says what one too many does: `queue`, `cancel_running` or `reject`.
    """

    limit: int
    key: Renderable | None = None
    on_limit: str = "queue"


@dataclass(frozen=True)
class NodeSettings:
    """`timeout` is in seconds per attempt, the kind's own when the node sets none; None is no timeout."""

    timeout: float | None
    retry: RetryPolicy
    on_error: str | Fallback = "stop"
    join: str | int = "all"
    for_each: ForEach | None = None
    disabled: bool = False
    cacheable: bool = False
    cache_ttl: float | None = None
    cache_key: Renderable | None = None
    cache_stale: float | None = None
    cache_tags: Renderable | None = None
    concurrency: Mapping[str, Any] | None = None
    queue: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class PlanSettings:
    timeout: float | None = None
    on_failure: str = "stop"
    max_iterations: int = 1_000
    concurrency: Concurrency | None = None
    durability: str = "full"


@dataclass(slots=True, eq=False)
class PlanEdge:
    """`up`: how many loops it leaves; for a back edge, how many inside the one it repeats."""

    index: int
    source: PlanNode
    port: str
    target: PlanNode
    back: bool = False
    up: int = 0

    def __repr__(self) -> str:
        return f"{self.source.id}.{self.port} > {self.target.id}"


@dataclass(slots=True, eq=False)
class PlanScope:
    """What shares one iteration: the whole graph, a for_each's body, or a loop.

    `nodes` and `loops` lie directly in it. `header` is a loop's first node, `owner` a body's for_each.
    `exits`: edges whose outermost loop left is this one.
    """

    header: PlanNode | None = None
    owner: PlanNode | None = None
    nodes: list[PlanNode] = field(default_factory=list)
    loops: list[PlanScope] = field(default_factory=list)
    exits: list[PlanEdge] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Source:
    """One distinct predecessor as seen from a node, back edges aside.

    `drop`: iterations to leave from the node's own path to reach the path both share. `deeper`: the predecessor
    lies in loops that the node does not. `is_owner`: it is the for_each, and what comes is the item.
    """

    node: PlanNode
    ports: frozenset[str]
    drop: int
    deeper: bool
    is_owner: bool


@dataclass(slots=True, eq=False, kw_only=True)
class PlanNode:
    """A node with what its steps need.

    `shape` names the loops and bodies around it, outermost first, one for each part of its iteration path;
    `loops` are the headers of those within its own body. `edges` are the outgoing ones except a for_each's into
    its body, which are `item_edges`; `starts` are those in its body that no edge leads to. `needs`: how many
    live edges start it, None for all. `remembers`: what started it does not follow from the graph alone, so that
    its steps keep it.
    """

    id: str
    index: int
    kind: str
    name: str
    spec: KindSpec
    params: Mapping[str, Any]
    template: Renderable
    settings: NodeSettings
    ports: tuple[str, ...]
    main_port: str
    parent: str | None
    loops: tuple[str, ...]
    shape: tuple[str, ...]
    incoming: list[PlanEdge] = field(default_factory=list)
    outgoing: dict[str, list[PlanEdge]] = field(default_factory=dict)
    edges: list[PlanEdge] = field(default_factory=list)
    item_edges: list[PlanEdge] = field(default_factory=list)
    starts: tuple[PlanNode, ...] = ()
    predecessors: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    scope: PlanScope = field(default_factory=PlanScope)
    loop: PlanScope | None = None
    body: PlanScope | None = None
    fan_in: int = 0
    needs: int | None = None
    remembers: bool = False
    fallback: PlanNode | None = None
    rescues: PlanNode | None = None

    @property
    def for_each(self) -> ForEach | None:
        return self.settings.for_each

    def __repr__(self) -> str:
        return f"<{self.id}>"


@dataclass(frozen=True, slots=True)
class View:
    """How one node sees another. `exact`: iterations to drop for the step of its own iteration, None when the
    other lies in further loops. `region`: iterations to drop to reach the other's body."""

    exact: int | None
    region: int


@dataclass(frozen=True, eq=False)
class Plan:
    """`regions` and `ends` go by the for_each around, None for the whole graph: the nodes of a body, and those
    of them that may be its last."""

    nodes: dict[str, PlanNode]
    settings: PlanSettings
    triggers: tuple[str, ...]
    root: PlanScope
    roots: tuple[PlanNode, ...]
    regions: dict[str | None, tuple[PlanNode, ...]]
    ends: dict[str | None, tuple[PlanNode, ...]]
    views: dict[tuple[str, str], View | None] = field(default_factory=dict, repr=False)

    def default_trigger(self) -> str | None:
        """The one `trigger.manual`, else the only trigger; None when that leaves a choice, or nothing."""
        manual = [node_id for node_id in self.triggers if self.nodes[node_id].kind == "trigger.manual"]
        chosen = manual or self.triggers
        return chosen[0] if len(chosen) == 1 else None

    def trigger_for(self, requested: str | None) -> str | None:
        """The trigger an execution starts with; None when the definition has none. Raise Invalid."""
        if requested is None:
            chosen = self.default_trigger()
            if chosen is None and self.triggers:
                raise _invalid_trigger("trigger_required", "Several triggers: say which one by its node id.")
            return chosen
        if requested not in self.triggers:
            raise _invalid_trigger("unknown_trigger", f"There is no trigger node `{requested}`.")
        return requested

    def view(self, node: PlanNode, other: PlanNode) -> View | None:
        """None when the other lies in a body that does not contain the node."""
        key = (node.id, other.id)
        if key not in self.views:
            self.views[key] = _view(node, other)
        return self.views[key]


def _view(node: PlanNode, other: PlanNode) -> View | None:
    shared = common_length(node.shape, other.shape)
    beyond = other.shape[shared:]
    if any(part.startswith("each") for part in beyond):
        return None
    drop = len(node.shape) - shared
    return View(None if beyond else drop, len(node.shape) - (len(other.shape) - len(other.loops)))


def common_length(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    """How many leading parts two paths share."""
    shared = 0
    for mine, theirs in zip(left, right, strict=False):
        if mine != theirs:
            break
        shared += 1
    return shared


def _invalid_trigger(code: str, detail: str) -> Invalid:
    return Invalid(reason=detail, problems=[Problem("/trigger", code, detail)], error_code=code)
