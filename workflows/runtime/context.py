"""What one attempt of a node may see and touch (`workflows.nodes.sdk.NodeContext`)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from studio.kernel.errors import Category, Permanent
from workflows.engine.scope import input_of, scope_of, visit_of
from workflows.engine.steps import State, Step
from workflows.nodes.sdk import HttpAnswer, HttpClient, Sandbox
from workflows.runtime.ports import bound
from workflows.runtime.records import Claimed

log = structlog.get_logger()

VERDICT_SECONDS = 0.5
"""How much longer than its node a request may take to say whether it was sent."""


class Deadline:
    """When an attempt must be over, in the loop's time; later by a breath while a request is on its way."""

    __slots__ = ("at", "seconds", "timer")

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.at: float | None = None
        self.timer: asyncio.Timeout | None = None

    def start(self) -> float | None:
        if self.seconds is not None:
            self.at = asyncio.get_running_loop().time() + self.seconds
        return self.at

    def left(self, wanted: float) -> float:
        """Seconds a request may take that asks for `wanted`."""
        if self.at is None:
            return wanted
        return max(min(wanted, self.at - asyncio.get_running_loop().time()), 0.001)

    def extend(self, seconds: float) -> None:
        if self.timer is not None and self.at is not None and not self.timer.expired():
            self.timer.reschedule(self.at + seconds)

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Stand still while somebody else keeps the time, and go on with what was left."""
        if self.timer is None or self.at is None:
            yield
            return
        loop = asyncio.get_running_loop()
        left = self.at - loop.time()
        self.timer.reschedule(None)
        try:
            yield
        finally:
            self.at = loop.time() + max(left, VERDICT_SECONDS)
            self.timer.reschedule(self.at)

    @property
    def passed(self) -> bool:
        return self.at is not None and asyncio.get_running_loop().time() >= self.at - 0.02


NO_DEADLINE = Deadline(None)


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


class StepSandbox:
    """The process's sandbox. It bounds the time code runs; the time it queues for a worker is not the node's."""

    __slots__ = ("deadline", "sandbox")

    def __init__(self, sandbox: Sandbox, deadline: Deadline) -> None:
        self.sandbox = sandbox
        self.deadline = deadline

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
    ) -> Any:
        with self.deadline.suspended():
            return await self.sandbox.run_python(
                code, inputs, timeout, now=now, seed=seed, node=node, on_print=on_print
            )


class Scene(Protocol):
    """The run around an attempt."""

    state: State
    claimed: Claimed

    @property
    def host(self) -> Equipment: ...
    def key_of(self, step: Step) -> str: ...
    def began_at(self, step: Step) -> datetime: ...


class Equipment(Protocol):
    """What nodes touch the world with, one of each per process."""

    client: HttpClient
    sandbox: Sandbox


class StepContext:
    """Made for every attempt; what costs something is worked out when it is asked for."""

    __slots__ = ("_scene", "_step", "deadline")

    def __init__(self, scene: Scene, step: Step, deadline: Deadline) -> None:
        self._scene = scene
        self._step = step
        self.deadline = deadline

    @property
    def input(self) -> Any:
        return input_of(self._scene.state, self._step)

    @property
    def trigger(self) -> Any:
        return self._scene.state.trigger

    @property
    def scope(self) -> Mapping[str, Any]:
        return scope_of(self._scene.state, self._step)

    @property
    def node(self) -> str:
        return self._step.node

    @property
    def iteration(self) -> str:
        return self._step.iteration

    @property
    def visit(self) -> int:
        return visit_of(self._scene.state, self._step)

    @property
    def attempt(self) -> int:
        return self._step.attempt

    @property
    def idempotency_key(self) -> str:
        return self._scene.key_of(self._step)

    @property
    def execution(self) -> Mapping[str, Any]:
        return self._scene.state.execution

    @property
    def now(self) -> datetime:
        """When the step first ran: a later try and a later worker see the same clock."""
        return self._scene.began_at(self._step)

    @property
    def timeout(self) -> float | None:
        return self._step.spec.settings.timeout

    @property
    def http(self) -> HttpClient:
        return StepHttp(self._scene.host.client, self.deadline)

    @property
    def sandbox(self) -> Sandbox:
        return StepSandbox(self._scene.host.sandbox, self.deadline)

    async def credential(self, ref: str) -> Mapping[str, Any]:
        if bound.credentials is None:
            raise Permanent(
                reason="Credentials are not available here.",
                category=Category.AUTH,
                error_code="credential_unavailable",
            )
        return await bound.credentials.open(workspace_id=self._scene.claimed.workspace_id, ref=ref)

    def log(self, level: str, message: str, **fields: Any) -> None:
        method = getattr(log, level if level in {"debug", "info", "warning", "error"} else "info")
        method(
            "step.log", execution=str(self._scene.claimed.id), node=self.node, message=message, fields=fields
        )
