"""The mail of one execution: each word is taken in once, and signals wait for whoever awaits them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator

from workflows.engine.events import StepKey
from workflows.engine.steps import State, Step
from workflows.nodes.sdk import Wake
from workflows.runtime.records import Mail


class Inbox:
    """What was read is deleted, and what must be heard again by a later owner is held, with the next write."""

    __slots__ = ("_held", "_known", "_read", "signals")

    def __init__(self) -> None:
        self.signals: list[Mail] = []
        self._known: set[uuid.UUID] = set()
        self._read: list[uuid.UUID] = []
        self._held: list[uuid.UUID] = []

    def take(self, mails: Iterable[Mail]) -> list[Mail]:
        """The words to act on now; signals are kept until `use`."""
        acted_on = []
        for mail in mails:
            if mail.id in self._known:
                continue
            self._known.add(mail.id)
            if mail.kind == "signal":
                self.signals.append(mail)
            else:
                acted_on.append(mail)
            if mail.kind in ("child_ended", "continue"):
                self._read.append(mail.id)
            elif not mail.held:
                # A request to cancel or to pause holds; a later owner must hear it again.
                self._held.append(mail.id)
        return acted_on

    def use(self, signal: Mail) -> None:
        self.signals.remove(signal)
        self._read.append(signal.id)

    def settled(self) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
        """What to delete and what to hold with the next write."""
        read, self._read = self._read, []
        held, self._held = self._held, []
        return read, [mail for mail in held if mail not in read]


def wakes_by_signals(state: State, inbox: Inbox) -> Iterator[tuple[StepKey, Wake]]:
    """Signals that came for steps that wait now, each handed out as the last one has had its effect."""
    while (found := _match(state, inbox)) is not None:
        step, mail = found
        inbox.use(mail)
        yield step.key, Wake("signal", mail.payload)


def wakes_by_child(
    state: State, children: dict[StepKey, uuid.UUID], mail: Mail
) -> Iterator[tuple[StepKey, Wake]]:
    """The step that awaits this child; nobody when it was cancelled meanwhile."""
    ended = mail.payload or {}
    for key in [key for key, awaited in children.items() if awaited == mail.id]:
        del children[key]
        if not state.steps[key].is_final:
            yield key, Wake("child", ended.get("output"), ended.get("error"))


def _match(state: State, inbox: Inbox) -> tuple[Step, Mail] | None:
    if not inbox.signals:
        return None
    for step in state.waiting.values():
        if step.wait is not None and step.wait["kind"] == "signal":
            for mail in inbox.signals:
                if mail.name == step.wait["name"]:
                    return step, mail
    return None
