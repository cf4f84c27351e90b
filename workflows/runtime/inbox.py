"""The mail of one execution: each word is taken in once, and signals wait for whoever awaits them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

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
            if mail.kind == "child_ended":
                self._read.append(mail.id)
            elif not mail.held:
                # A request to cancel holds until the end; a later owner must hear it again.
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
