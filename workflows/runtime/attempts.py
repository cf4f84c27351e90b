"""One attempt of a node that does not run inline: deadline, call, and what its end means."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog

from studio.kernel.errors import NodeError
from workflows.engine.cache import Kept
from workflows.engine.errors import body_of
from workflows.engine.events import Event, StepFailed, StepParked
from workflows.engine.expressions.errors import ExpressionError
from workflows.engine.kinds import Effect
from workflows.engine.scope import scope_of
from workflows.engine.steps import State, Step
from workflows.nodes.sdk import NodeParams
from workflows.runtime import verdicts
from workflows.runtime.context import Equipment, StepContext
from workflows.runtime.gate import BreakerOpen, Parked
from workflows.runtime.plans import Prepared

log = structlog.get_logger()


class Tools(Equipment, Protocol):
    """What attempts need of their process."""

    executor: Executor


@dataclass(slots=True)
class Attempt:
    """A node about to be run. `effect` is that of these params."""

    step: Step
    prepared: Prepared
    params: NodeParams
    effect: Effect
    context: StepContext
    resumed: bool

    @property
    def needs_licence(self) -> bool:
        """A write may only be sent once its attempt is on disk; inline nodes do not touch the world."""
        return self.effect is Effect.WRITE and not self.prepared.node.inline

    @property
    def may_not_repeat(self) -> bool:
        """It may have been sent by a worker that is lost, and sending it again could act twice."""
        node = self.prepared.node
        keyed = node.sends_idempotency_key or node.honours_idempotency_key
        return self.resumed and self.needs_licence and not keyed

    async def run(self, tools: Tools, kept: Kept | None = None) -> Any:
        """The node's result; raise NodeError, whatever went wrong. With an output that was kept: Renewed."""
        deadline = self.context.deadline
        try:
            async with asyncio.timeout_at(deadline.start()) as timer:
                deadline.timer = timer
                return await self._call(tools, kept)
        except NodeError as error:
            if deadline.seconds is not None and deadline.passed:
                raise verdicts.at_deadline(self.step.node, deadline.seconds, error) from error
            raise
        except TimeoutError as error:
            if deadline.seconds is None or not timer.expired():
                raise verdicts.defect(error) from error
            raise verdicts.overdue(self.step.node, deadline.seconds, effect=self.effect) from error

    async def _call(self, tools: Tools, kept: Kept | None) -> Any:
        node = self.prepared.node
        if kept is not None:
            return await node.renew(self.params, self.context, kept.output)
        if node.is_async:
            return await node.run(self.params, self.context)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(tools.executor, node.run, self.params, self.context)


def rendered(state: State, step: Step, prepared: Prepared) -> Mapping[str, Any]:
    """The params of this step: as they were sent before, else rendered now."""
    if step.params is not None:
        return step.params["rendered"]  # type: ignore[no-any-return]
    template = prepared.plan.template
    return template.render({} if prepared.is_static else scope_of(state, step))  # type: ignore[no-any-return]


def failed(step: Step, prepared: Prepared, error: Exception, *, effect: Effect, now: datetime) -> Event:
    """What an attempt's error leads to; anything but a NodeError is a defect of the node's code."""
    match error:
        case Parked(wait=wait, due_at=due_at):
            return StepParked(step.key, wait, due_at)
        case BreakerOpen():
            # Nothing was called, so there is nothing to try again: the way for failures is taken at once.
            return StepFailed(step.key, body_of(error, node=step.node, attempt=step.attempt))
        case NodeError():
            fact = error
        case ExpressionError():
            fact = verdicts.bad_expression(error)
        case _:
            log.error("node.defect", node=step.node, kind=step.spec.kind, exc_info=error)
            fact = verdicts.defect(error)
    return verdicts.failure_of(step, prepared, fact, effect=effect, now=now, random=random.random())  # noqa: S311 - jitter, not a secret
