"""What is to be done next. Commands are handed out once; what was handed out is the runtime's until it answers."""

from __future__ import annotations

import heapq
from datetime import datetime
from typing import Any

from workflows.engine.commands import Command, Finish, RunStep, StopStep, WakeStep
from workflows.engine.leaves import live_leaf
from workflows.engine.steps import State, Step


def decide(state: State, now: datetime) -> list[Command]:
    """Say what to do now; an empty list means "wait"."""
    commands = [] if state.paused else _start(state, now)
    if state.stops:
        commands += [StopStep(key) for key in state.stops]
        state.stops.clear()
    if state.is_over and not state.finished:
        state.finished = True
        commands.append(Finish(state.outcome or "succeeded", output_of(state), state.error))
    return commands


def next_due(state: State) -> datetime | None:
    """When a waiting step is to be woken; None while none has a time, or while all is paused."""
    if state.paused:
        return None
    due = state.due
    while due and due[0][2].alarm != due[0][1]:
        heapq.heappop(due)
    return due[0][0] if due else None


def is_idle(state: State) -> bool:
    """Nothing is ready or running and nothing is left to be said: all that remains waits for a time or for word.

    While paused, what is ready waits too.
    """
    if state.running or state.stops or (state.ready and not state.paused):
        return False
    return state.finished or not state.is_over


def output_of(state: State) -> Any:
    """The body of the last `flow.respond`, else what the live leaves of a success yield."""
    if state.response is not None:
        answer = state.response.output
        return answer.get("body") if isinstance(answer, dict) else answer
    return live_leaf(state, None, "") if state.outcome is None else None


def _start(state: State, now: datetime) -> list[Command]:
    """Hand out what is ready, and wake what is due."""
    commands: list[Command] = []
    if state.ready:
        commands += [_run(state, step) for step in state.ready.values()]
        state.ready.clear()
    while state.due and state.due[0][0] <= now:
        _, alarm, step = heapq.heappop(state.due)
        if step.alarm == alarm:
            commands.append(_wake(state, step))
    return commands


def _run(state: State, step: Step) -> RunStep:
    state.running[step.key] = step
    resumed = step.status == "running"
    return RunStep(step.key, step.attempt if resumed else step.attempt + 1, resumed)


def _wake(state: State, step: Step) -> Command:
    step.alarm = 0
    state.waiting.pop(step.key, None)
    if step.is_between_tries:
        return _run(state, step)
    state.running[step.key] = step
    return WakeStep(step.key)
