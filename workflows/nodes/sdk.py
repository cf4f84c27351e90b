"""What an author of a node kind writes against.

A kind is a subclass of `Node` with a nested `Params`; defining it registers it. Everything that is the same
for all kinds (retry, breaker, cache, timeout, limits, cost, spans) is declared here and done by the runtime.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from studio.kernel.errors import InternalError
from workflows.engine.cache import Keeping
from workflows.engine.kinds import Effect


class NodeParams(BaseModel):
    """Base of a kind's params: strict types, no unknown keys."""

    model_config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())

    @classmethod
    def cross_check(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        """Yield (param, code, detail) for rules between params.

        Asked with params as written and again with params as rendered, so a value may still hold `{{`.
        """
        yield from ()


def Param(default: Any = ..., *, template: bool = True, widget: str | None = None, **options: Any) -> Any:
    """Declare a param; `template` lets it hold `{{ … }}`, `widget` names the form control."""
    extra: dict[str, Any] = {"x-template": template}
    if widget is not None:
        extra["x-widget"] = widget
    return Field(default, json_schema_extra=extra, **options)


@dataclass(frozen=True)
class Example:
    """A worked example: shown to people and run as a test. `answer` is what the other side says, if asked."""

    params: Mapping[str, Any]
    output: Any
    input: Any = None
    trigger: Any = None
    port: str = "success"
    answer: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class To:
    """Go on along one port; the other ports are dead."""

    port: str
    output: Any


@dataclass(frozen=True)
class Wait:
    """Park until a time, a span or a signal; with both a signal and a time, the time is the deadline.

    `details` (JSON) are kept with the wait, shown to people, and handed back by `Wake.details`.
    """

    until: datetime | None = None
    seconds: float | None = None
    signal: str | None = None
    reason: str = ""
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Items:
    """Run the body once for each item; the engine gathers the list for port `done`."""

    items: list[Any]
    limit: int
    on_item_error: str


@dataclass(frozen=True)
class Child:
    """Start another workflow by id or slug, and wait for it or not."""

    workflow: str
    input: Any
    wait: bool


@dataclass(frozen=True)
class Renewed:
    """What became of an output that was kept: `changed` is False when the other side said that it still holds."""

    output: Any
    changed: bool


@dataclass(frozen=True)
class Wake:
    """Why a parked step goes on. `error` is the child's error document when it failed."""

    cause: Literal["due", "signal", "child"]
    payload: Any = None
    error: Mapping[str, Any] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


class HttpAnswer(Protocol):
    """A whole answer to an outgoing request."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> list[tuple[str, str]]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def url(self) -> str: ...
    @property
    def elapsed(self) -> float: ...
    def header(self, name: str) -> str | None: ...


class HttpClient(Protocol):
    """Outgoing requests, vetted and bounded; see `studio.outbound.client`."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        query: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        timeout: float = 30.0,
        effect_write: bool = False,
        secret_headers: Sequence[str] = (),
    ) -> HttpAnswer: ...


class Sandbox(Protocol):
    """Where other people's code runs; see `workflows.nodes.sandbox`."""

    async def run_python(
        self,
        code: str,
        inputs: Mapping[str, Any],
        timeout: float,
        *,
        now: datetime | None = None,
        seed: str | None = None,
        node: str = "code",
        on_print: Callable[[str], None] | None = None,
    ) -> Any: ...


class NodeContext(Protocol):
    """Everything a node may see and touch besides its params."""

    @property
    def input(self) -> Any: ...
    @property
    def trigger(self) -> Any: ...
    @property
    def scope(self) -> Mapping[str, Any]:
        """The names expressions see: `trigger input nodes vars execution`, within items `item index`."""

    @property
    def node(self) -> str: ...
    @property
    def iteration(self) -> str: ...
    @property
    def visit(self) -> int:
        """1 on the first visit of this node, one more for each back edge followed since."""

    @property
    def attempt(self) -> int: ...
    @property
    def idempotency_key(self) -> str: ...
    @property
    def execution(self) -> Mapping[str, Any]: ...
    @property
    def now(self) -> datetime: ...
    @property
    def timeout(self) -> float | None:
        """Seconds this attempt may take, from the node's settings or its kind."""

    @property
    def http(self) -> HttpClient: ...
    @property
    def sandbox(self) -> Sandbox: ...
    async def credential(self, ref: str) -> Mapping[str, Any]: ...
    def log(self, level: str, message: str, **fields: Any) -> None: ...


class Node:
    """Base of all kinds. Instances hold no state: one serves every step."""

    kind: ClassVar[str]
    effect: ClassVar[Effect] = Effect.NONE
    ports: ClassVar[tuple[str, ...]] = ("success",)
    version: ClassVar[int] = 1
    timeout: ClassVar[float | None] = 30.0
    branching: ClassVar[bool] = False
    passes_input: ClassVar[bool] = False
    trigger: ClassVar[bool] = False
    opens_items: ClassVar[bool] = False
    honours_idempotency_key: ClassVar[bool] = False
    """The other side acts once for one key: an unknown outcome may be tried again."""
    sends_idempotency_key: ClassVar[bool] = False
    """What is sent carries the key: when its worker is lost, the very same is sent again."""
    inline: ClassVar[bool] = True
    """A plain `run` that is fast enough for the event loop; set it to False for one that is not."""
    is_async: ClassVar[bool] = False
    example: ClassVar[Example]
    Params: ClassVar[type[NodeParams]] = NodeParams

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "kind" in cls.__dict__:
            cls.is_async = inspect.iscoroutinefunction(cls.run)
            cls.inline = cls.inline and not cls.is_async
            _register(cls)

    def effect_of(self, params: Any) -> Effect:
        """The effect with these params; never worse than `effect`."""
        return self.effect

    def breaker_of(self, params: Any) -> str | None:
        """What a call with these params talks to, such as a host: calls to it share a breaker. None: no breaker."""
        return None

    def cache_inputs(self, params: Any, ctx: NodeContext) -> Any:
        """What besides its params decides the output, such as `ctx.input`, for the name it is kept under."""
        return None

    def keeping_of(self, params: Any, output: Any) -> Keeping:
        """What the other side says about keeping this output."""
        return Keeping()

    async def renew(self, params: Any, ctx: NodeContext, kept: Any) -> Renewed:
        """Ask whether an output that was `renewable` still holds; only kinds that say so are asked."""
        raise InternalError(what=f"{self.kind} keeps nothing that could be renewed")

    def ports_of(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """The ports with these params as written, complete or not."""
        return self.ports

    def run(self, params: Any, ctx: NodeContext) -> Any:
        """The output for port `success`, or one of To, Wait, Items, Child; a coroutine for async kinds."""
        raise NotImplementedError

    def wake(self, params: Any, ctx: NodeContext, wake: Wake) -> Any:
        """What to do after a Wait or Child: again an output or one of the results of `run`."""
        raise InternalError(what=f"{self.kind} was woken but never waits")


@dataclass
class _Kinds:
    """Owners by kind, in the order they were defined."""

    owners: dict[str, type[Node]] = field(default_factory=dict)


_kinds = _Kinds()


def defined_kinds() -> Mapping[str, type[Node]]:
    """Every kind defined so far; `workflows.nodes.registry` makes sure that all are."""
    return _kinds.owners


def _register(cls: type[Node]) -> None:
    owner = _kinds.owners.get(cls.kind)
    if owner is not None and (owner.__module__, owner.__qualname__) != (cls.__module__, cls.__qualname__):
        raise TypeError(f"the kind {cls.kind} belongs to {owner.__module__}.{owner.__qualname__} already")
    _kinds.owners[cls.kind] = cls
