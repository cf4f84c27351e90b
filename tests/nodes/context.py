"""A context as the runtime would give it, with the real client and sandbox behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from studio.outbound.client import OutboundClient, OutboundResponse
from workflows.nodes import registry
from workflows.nodes.sandbox import PythonSandbox
from workflows.nodes.sdk import Wake

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Context:
    """Plain values for all that a node may see."""

    input: Any = None
    trigger: Any = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    node: str = "here"
    iteration: str = ""
    visit: int = 1
    attempt: int = 1
    idempotency_key: str = "0190-execution:here"
    execution: Mapping[str, Any] = field(default_factory=dict)
    now: datetime = NOW
    timeout: float | None = None
    http: Any = field(default_factory=OutboundClient)
    sandbox: Any = field(default_factory=PythonSandbox)
    credentials: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    logged: list[tuple[str, str]] = field(default_factory=list)

    async def credential(self, ref: str) -> Mapping[str, Any]:
        return self.credentials[ref]

    def log(self, level: str, message: str, **fields: Any) -> None:
        self.logged.append((level, message))


class OneAnswer:
    """The other side of an example: says what the example says it does."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.answer = OutboundResponse(**answer)

    async def request(self, method: str, url: str, **options: Any) -> OutboundResponse:
        return self.answer


async def run(kind: str, params: Mapping[str, Any], ctx: Context | None = None) -> Any:
    """Parse and run as the runtime does."""
    node = registry.node(kind)
    result = node.run(registry.parse_params(kind, params), ctx or Context())
    return await result if node.is_async else result


def wake(kind: str, params: Mapping[str, Any], wake: Wake, ctx: Context | None = None) -> Any:
    """Go on after a wait."""
    return registry.node(kind).wake(registry.parse_params(kind, params), ctx or Context(), wake)


def codes(kind: str, params: Mapping[str, Any]) -> dict[str, str]:
    """Problems of params as written: code by pointer."""
    return {problem.pointer: problem.code for problem in registry.check_params(kind, params)}
