"""One execution in this worker's hands: the engine decides, this carries out and writes down.

There is no task per execution. Inline nodes run where they are reached; what takes time is a task that feeds
its end back; everything else is a callback. `advance` is the one place that asks the engine what to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from studio.common.committer import RowRefused
from studio.kernel.ids import step_id, uuid7
from workflows.engine.apply import apply
from workflows.engine.cache import Kept
from workflows.engine.commands import Command, Finish, RunStep, StopStep, WakeStep
from workflows.engine.decide import decide, is_idle, next_due
from workflows.engine.errors import body_of
from workflows.engine.events import (
    CancelRequested,
    Event,
    ExecutionTimedOut,
    StepCancelled,
    StepItems,
    StepKey,
    StepStarted,
    StepSucceeded,
    StepWaiting,
)
from workflows.engine.kinds import Effect
from workflows.engine.scope import scope_of
from workflows.engine.steps import State, Step
from workflows.nodes.sdk import Child, Wake
from workflows.runtime import endings, parking, verdicts
from workflows.runtime.attempts import Attempt, failed, rendered
from workflows.runtime.checkpoints import Checkpoints
from workflows.runtime.context import NO_DEADLINE, Deadline, StepContext
from workflows.runtime.gate import Gate
from workflows.runtime.host import Host
from workflows.runtime.inbox import Inbox, wakes_by_child, wakes_by_signals
from workflows.runtime.journal import Journal
from workflows.runtime.loading import Loaded
from workflows.runtime.plans import Compiled, Prepared
from workflows.runtime.records import FencedWrite, Mail, NewMail, StatusChange
from workflows.runtime.stopwatch import Stopwatch

log = structlog.get_logger()

SLICE_SECONDS = 0.005
"""How long one execution may keep the loop before the others have their turn."""

SHORT_WAIT_SECONDS = 1.0
"""A wait this short stays in memory; longer ones give the execution back."""

WRITE_BEHIND_SECONDS = 0.1
MOST_UNWRITTEN = 200
TOO_MANY_UNWRITTEN = 2_000


class Run:
    """From the claim to the last write. It ends by finishing, by being parked or handed on, or by being fenced."""

    def __init__(self, host: Host, loaded: Loaded, compiled: Compiled, state: State) -> None:
        self.host = host
        self.claimed = loaded.claimed
        self.compiled = compiled
        self.state = state
        self.journal = Journal(loaded.claimed, loaded.kept)
        self.inbox = Inbox()
        self.checkpoints = Checkpoints(self._gather, host.post, self._written)
        self.tasks: dict[StepKey, asyncio.Task[None]] = {}
        self.loop = asyncio.get_running_loop()
        self.stopwatch = Stopwatch(self.loop, self._timed_out, self._seconds_left(compiled))
        self.barriers = 0
        self.leaving = False
        self.draining = False
        self.stalled = False
        self.broken = False
        self.cancelled_by = ""
        self.alarm: asyncio.TimerHandle | None = None
        self.write_behind: asyncio.TimerHandle | None = None

    # -- What the registration tells it --------------------------------------------------------------------

    def start(self, mail: list[Mail]) -> None:
        self.stopwatch.start()
        self.deliver(mail)

    def deliver(self, mails: list[Mail]) -> None:
        """Take in words from outside, each of which may come more than once, and go on."""
        if self.leaving:
            return
        try:
            for mail in self.inbox.take(mails):
                if mail.kind == "cancel":
                    self.cancelled_by = mail.name
                    apply(self.state, CancelRequested())
                elif mail.kind in parking.HOLDS:
                    apply(self.state, parking.HOLDS[mail.kind])
                elif mail.kind == "child_ended":
                    self._wake_all(wakes_by_child(self.state, self.journal.children, mail))
            self._wake_all(wakes_by_signals(self.state, self.inbox))
        except Exception as error:  # noqa: BLE001 - a defect of ours must end this execution, and only this one
            self._break(error)
        self.advance()

    def drain(self) -> None:
        """Start nothing new and hand the execution on as soon as nothing of it runs here."""
        self.draining = True
        self.advance()

    def cut(self) -> None:
        """The time to drain is up: stop what runs and hand the execution on as it stands."""
        if not self.leaving:
            self.leaving = True
            self._stop_tasks()
            self._hand_on()

    def drop(self) -> None:
        """It is no longer ours: stop, and write nothing."""
        self.leaving = True
        self._stop_tasks()
        self._stop_timers()

    # -- Asking the engine, and doing what it says -----------------------------------------------------------

    def advance(self) -> None:
        if self.leaving or self.barriers:
            return
        if self.draining:
            if not self.tasks:
                self._hand_on()
            return
        try:
            self._advance()
        except Exception as error:  # noqa: BLE001 - a defect of ours must end this execution, and only this one
            self._break(error)

    def _advance(self) -> None:
        until = self.loop.time() + SLICE_SECONDS
        self.stopwatch.start()
        while commands := decide(self.state, self.host.now()):
            for command in commands:
                self._carry_out(command)
            if self.leaving:
                return
            unwritten = len(self.state.changes)
            if unwritten >= MOST_UNWRITTEN and not self.checkpoints.busy:
                self.checkpoints.save()
            if unwritten >= TOO_MANY_UNWRITTEN:
                self.stalled = True
                return
            if self.loop.time() > until:
                self.loop.call_soon(self.advance)
                return
        self._settle()

    def _settle(self) -> None:
        """Nothing is to be done now: wait here, or give the execution back until its time comes."""
        due = next_due(self.state)
        wait = None if due is None else max((due - self.host.now()).total_seconds(), 0.0)
        if not self.tasks and not self.barriers and is_idle(self.state):
            self.stopwatch.stop()
            if wait is None or wait > SHORT_WAIT_SECONDS:
                self._leave(parking.parked(self.state, due))
                return
        if self.alarm is not None:
            self.alarm.cancel()
        self.alarm = None if wait is None else self.loop.call_later(wait, self.advance)
        if self.state.changes and self.write_behind is None:
            self.write_behind = self.loop.call_later(WRITE_BEHIND_SECONDS, self._write_behind)

    def _carry_out(self, command: Command) -> None:
        match command:
            case RunStep(key=key, resumed=resumed):
                self._run_step(self.state.steps[key], resumed)
            case WakeStep(key=key):
                self._wake(key, Wake("due"))
            case StopStep(key=key):
                self._stop(key)
            case Finish():
                self._finish(command)

    def _run_step(self, step: Step, resumed: bool) -> None:
        prepared = self.compiled.nodes[step.node]
        self.journal.started(step, self.host.now())
        if step.fan is None and step.spec.for_each is not None and not prepared.node.opens_items:
            self._open_items(step, prepared)
        elif prepared.node.inline:
            self._run_inline(step, prepared)
        else:
            self._run_apart(step, prepared, resumed)

    def _open_items(self, step: Step, prepared: Prepared) -> None:
        apply(self.state, StepStarted(step.key))
        each = prepared.plan.for_each
        try:
            items = each.items.render(scope_of(self.state, step)) if each is not None else []
            if not isinstance(items, list):
                raise verdicts.not_a_list()
            self._feed(StepItems(step.key, items))
        except Exception as error:  # noqa: BLE001 - sorted out by `failed`
            self._fail(step, prepared, error)

    def _run_inline(self, step: Step, prepared: Prepared) -> None:
        apply(self.state, StepStarted(step.key))
        try:
            params = prepared.params(rendered(self.state, step, prepared))
            result = prepared.node.run(params, self._context(step, NO_DEADLINE))
            self._take_result(step, result)
        except Exception as error:  # noqa: BLE001 - sorted out by `failed`
            self._fail(step, prepared, error)

    def _run_apart(self, step: Step, prepared: Prepared, resumed: bool) -> None:
        try:
            given = rendered(self.state, step, prepared)
            params = prepared.params(given)
            effect = prepared.node.effect_of(params)
            if effect is Effect.WRITE and step.params is None:
                step.params = {"rendered": given, "key": self.key_of(step)}
        except Exception as error:  # noqa: BLE001 - sorted out by `failed`
            apply(self.state, StepStarted(step.key))
            self._fail(step, prepared, error)
            return
        apply(self.state, StepStarted(step.key))
        context = self._context(step, Deadline(step.spec.settings.timeout))
        attempt = Attempt(step, prepared, params, effect, context, resumed)
        self._set_apart(step, self._attempt(attempt))

    def _set_apart(self, step: Step, work: Coroutine[Any, Any, None]) -> None:
        self.tasks[step.key] = self.loop.create_task(self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a defect of ours must end this execution, and only this one
            self._break(error)

    async def _attempt(self, attempt: Attempt) -> None:
        step = attempt.step
        try:
            if attempt.may_not_repeat:
                raise verdicts.lost_write(step.node)
            result = await self.host.results.answer(self, attempt, partial(self._call, attempt))
        except asyncio.CancelledError:
            self._was_stopped(step)
            return
        except Exception as error:  # noqa: BLE001 - sorted out by `failed`
            self._ended_task(step)
            self._fail(step, attempt.prepared, error, effect=attempt.effect)
        else:
            self._ended_task(step)
            try:
                self._take_result(step, result)
            except Exception as error:  # noqa: BLE001 - an output that cannot be stored
                self._fail(step, attempt.prepared, error, effect=attempt.effect)
        if attempt.needs_licence:
            self._hold_until_saved()
        self.advance()

    async def _call(self, attempt: Attempt, kept: Kept | None) -> Any:
        """Let the node act, if the breaker lets it; a write only once its attempt is on disk."""
        async with Gate(self.host.breakers, attempt.prepared, attempt.params, self.claimed.workspace_id):
            if attempt.needs_licence and not attempt.resumed:
                await asyncio.shield(self.checkpoints.save())
            return await attempt.run(self.host, kept)

    def _was_stopped(self, step: Step) -> None:
        self._ended_task(step)
        if not self.leaving:
            self._feed(StepCancelled(step.key))
            self.advance()

    def _ended_task(self, step: Step) -> None:
        self.tasks.pop(step.key, None)

    def _take_result(self, step: Step, result: Any) -> None:
        if isinstance(result, Child):
            self._set_apart(step, self._start_child(step, result))
        else:
            self._feed(verdicts.event_of(step, result, self.host.now()))

    def _fail(
        self, step: Step, prepared: Prepared, error: Exception, *, effect: Effect = Effect.NONE
    ) -> None:
        self._feed(failed(step, prepared, error, effect=effect, now=self.host.now()))

    def _feed(self, event: Event) -> None:
        """Give an event to the engine, once it is known that what it carries can be stored."""
        if self.leaving:
            return
        if isinstance(event, StepSucceeded):
            self.journal.keep_output(event.key, event.output)
        apply(self.state, event)
        if isinstance(event, StepWaiting) and event.wait["kind"] == "signal":
            self._wake_all(wakes_by_signals(self.state, self.inbox))

    def _hold_until_saved(self) -> None:
        """Nothing may follow before what happened is on disk."""
        if self.leaving:
            return
        self.barriers += 1
        self.checkpoints.save().add_done_callback(self._saved_barrier)

    def _saved_barrier(self, done: asyncio.Future[None]) -> None:
        self.barriers -= 1
        if not done.cancelled():
            self.advance()

    # -- Waits, signals, children ----------------------------------------------------------------------------

    def _wake_all(self, wakes: Iterable[tuple[StepKey, Wake]]) -> None:
        for key, wake in wakes:
            self._wake(key, wake)

    def _wake(self, key: StepKey, wake: Wake) -> None:
        step = self.state.steps[key]
        prepared = self.compiled.nodes[step.node]
        try:
            params = prepared.params(rendered(self.state, step, prepared))
            wake = parking.with_details(wake, step)
            self._take_result(step, prepared.node.wake(params, self._context(step, NO_DEADLINE), wake))
        except Exception as error:  # noqa: BLE001 - sorted out by `failed`
            self._fail(step, prepared, error)

    async def _start_child(self, step: Step, child: Child) -> None:
        prepared = self.compiled.nodes[step.node]
        try:
            execution = await self.host.child_of(
                self.claimed, step.key, workflow=child.workflow, given=child.input
            )
        except asyncio.CancelledError:
            self._was_stopped(step)
            return
        except Exception as error:  # noqa: BLE001 - sorted out by `failed`
            self._ended_task(step)
            self._fail(step, prepared, error)
            self.advance()
            return
        self._ended_task(step)
        if self.leaving:
            return
        self.journal.start_child(
            step, execution, step_id=step_id(self.claimed.id, *step.key) if child.wait else None
        )
        if child.wait:
            wait = {"kind": "child", "execution": str(execution.id), "reason": f"workflow {child.workflow}"}
            self._feed(StepWaiting(step.key, wait))
        else:
            self._feed(StepSucceeded(step.key, {"execution": str(execution.id)}))
        self._hold_until_saved()

    def _stop(self, key: StepKey) -> None:
        task = self.tasks.get(key)
        child = self.journal.children.pop(key, None)
        if task is not None:
            task.cancel()
        elif child is not None:
            self.journal.send(NewMail(uuid7(), child, "cancel"))
        elif not self.state.steps[key].is_final:
            self._feed(StepCancelled(key))

    def _timed_out(self) -> None:
        apply(self.state, ExecutionTimedOut())
        self.advance()

    # -- Writing ---------------------------------------------------------------------------------------------

    def _write_behind(self) -> None:
        self.write_behind = None
        if not self.leaving and self.state.changes:
            self.checkpoints.save()

    def _gather(self) -> FencedWrite:
        write = self.journal.write_of([] if self.broken else self.state.take_changes(), self.host.now())
        write.read_mail, write.held_mail = self.inbox.settled()
        if write.change is not None:
            write.change.active_seconds = self.stopwatch.seconds
        return write

    def _written(self, write: FencedWrite, held: bool, error: BaseException | None) -> None:
        if held:
            self.host.saved(self, write)
            if write.change is not None:
                self.host.gone(self)
            elif self.stalled:
                self.stalled = False
                self.advance()
        elif error is None:
            log.warning("execution.fenced", execution=str(self.claimed.id), epoch=self.claimed.epoch)
            self.drop()
            self.host.gone(self)
        elif isinstance(error, RowRefused) and not self.broken:
            self._break(error)
        else:
            self.host.lost("a checkpoint could not be written")

    def _finish(self, command: Finish) -> None:
        try:
            output = self.journal.final_output(command.output)
        except (OverflowError, TypeError, ValueError) as error:
            self._break(error)
            return
        self._leave(
            StatusChange(
                status=command.status,
                seq=0,
                reason=parking.why_cancelled(command.status, self.cancelled_by),
                error=command.error,
                output=output,
                release=True,
                final=True,
            )
        )

    def _hand_on(self) -> None:
        self._leave(StatusChange(status="queued", seq=0, due_at=self.host.now(), reason=_DRAINED))

    def _break(self, error: BaseException) -> None:
        """End an execution that we cannot carry on, with as little as possible."""
        if self.broken or (self.leaving and not isinstance(error, RowRefused)):
            return
        log.error("execution.broken", execution=str(self.claimed.id), exc_info=error)
        self.broken = self.leaving = True
        self._stop_tasks()
        self.journal.forget()
        failure = body_of(endings.internal("runtime"))
        self._leave(StatusChange(status="failed", seq=0, error=failure, final=True))

    def _leave(self, change: StatusChange) -> None:
        self.leaving = True
        change.release = True
        self.journal.change = change
        self.stopwatch.stop()
        self._stop_timers()
        self.checkpoints.save()

    # -- Small things ----------------------------------------------------------------------------------------

    def _context(self, step: Step, deadline: Deadline) -> StepContext:
        return StepContext(self, step, deadline)

    def key_of(self, step: Step) -> str:
        """The idempotency key of a step: the same on every attempt, whoever makes it, and in every resumption."""
        if step.params is not None:
            return str(step.params["key"])
        place = f"{step.node}:{step.iteration}" if step.iteration else step.node
        return f"{self.claimed.lineage_id or self.claimed.id}:{place}"

    def began_at(self, step: Step) -> datetime:
        return self.journal.stamps[step.key].started or self.host.now()

    def _seconds_left(self, compiled: Compiled) -> float | None:
        timeout = compiled.plan.settings.timeout
        return None if timeout is None else timeout - self.claimed.active_seconds

    def _stop_tasks(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        self.tasks.clear()

    def _stop_timers(self) -> None:
        self.stopwatch.close()
        for timer in (self.alarm, self.write_behind):
            if timer is not None:
                timer.cancel()


_DRAINED = {"code": "worker_drained"}
