"""What one attempt of a node may see and touch (`workflows.nodes.sdk.NodeContext`)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from studio.kernel.errors import Category, Permanent
from workflows.engine.scope import input_of, scope_of, visit_of
from workflows.engine.steps import State, Step
from workflows.nodes.sdk import HttpAnswer, HttpClient, Sandbox
from workflows.runtime.ports import bound

log = structlog.get_logger()

VERDICT_SECONDS = 0.5
"""How much longer than its node a request may take to say whether it was sent."""


class Deadline:
    """When an attempt must be over, in the loop's time; later by a breath while a request is on its way."""

    __slots__ = ("at", "seconds", "timer")

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.at = None if seconds is None else asyncio.get_running_loop().time() + seconds
        self.timer: asyncio.Timeout | None = None

    def left(self, wanted: float) -> float:
        """Seconds a request may take that asks for `wanted`."""
        if self.at is None:
            return wanted
        return max(min(wanted, self.at - asyncio.get_running_loop().time()), 0.001)

    def extend(self, seconds: float) -> None:
        if self.timer is not None and self.at is not None and not self.timer.expired():
            self.timer.reschedule(self.at + seconds)

    @property
    def passed(self) -> bool:
        return self.at is not None and asyncio.get_running_loop().time() >= self.at - 0.02


class StepHttp:
    """The process's client under the deadline of one attempt."""

    __slots__ = ("client", "deadline")

    def __init__(self, client: HttpClient, deadline: Deadline) -> None:
        self.client = client
        self.deadline = deadline

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
    ) -> HttpAnswer:
        # The client knows whether a byte left; it must speak before the attempt is cut off.
        self.deadline.extend(VERDICT_SECONDS)
        try:
            return await self.client.request(
                method,
                url,
                headers=headers,
                query=query,
                body=body,
                timeout=self.deadline.left(timeout),
                effect_write=effect_write,
                secret_headers=secret_headers,
            )
        finally:
            self.deadline.extend(0.0)


class StepContext:
    """Made for every attempt; what costs something is worked out when it is asked for."""

    __slots__ = ("deadline", "http", "idempotency_key", "now", "sandbox", "state", "step", "workspace_id")

    def __init__(
        self,
        state: State,
        step: Step,
        *,
        workspace_id: uuid.UUID,
        idempotency_key: str,
        now: datetime,
        deadline: Deadline,
        client: HttpClient,
        sandbox: Sandbox,
    ) -> None:
        self.state = state
        self.step = step
        self.workspace_id = workspace_id
        self.idempotency_key = idempotency_key
        self.now = now
        self.deadline = deadline
        self.http = StepHttp(client, deadline)
        self.sandbox = sandbox

    @property
    def input(self) -> Any:
        return input_of(self.state, self.step)

    @property
    def trigger(self) -> Any:
        return self.state.trigger

    @property
    def scope(self) -> Mapping[str, Any]:
        return scope_of(self.state, self.step)

    @property
    def node(self) -> str:
        return self.step.node

    @property
    def iteration(self) -> str:
        return self.step.iteration

    @property
    def visit(self) -> int:
        return visit_of(self.state, self.step)

    @property
    def attempt(self) -> int:
        return self.step.attempt

    @property
    def execution(self) -> Mapping[str, Any]:
        return self.state.execution

    @property
    def timeout(self) -> float | None:
        return self.deadline.seconds

    async def credential(self, ref: str) -> Mapping[str, Any]:
        if bound.credentials is None:
            raise Permanent(
                reason="Credentials are not available here.",
                category=Category.AUTH,
                error_code="credential_unavailable",
            )
        return await bound.credentials.open(workspace_id=self.workspace_id, ref=ref)

    def log(self, level: str, message: str, **fields: Any) -> None:
        method = getattr(log, level if level in {"debug", "info", "warning", "error"} else "info")
        method("step.log", execution=self.execution.get("id"), node=self.node, message=message, **fields)
