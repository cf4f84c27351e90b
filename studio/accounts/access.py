"""Who is behind a deed, for services and the audit trail; `permissions.Access` is one too."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final, Protocol

from studio.accounts.models import User


class Actor(Protocol):
    """A person, a program with a key, an operator of this installation, or Studio itself."""

    @property
    def actor_kind(self) -> str:
        """user, api_key, operator or system."""

    @property
    def actor_id(self) -> uuid.UUID | None: ...
    @property
    def actor_name(self) -> str: ...
    @property
    def user_id(self) -> uuid.UUID | None:
        """The person who answers for it, where there is one."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """An actor outside any workspace's request."""

    actor_kind: str
    actor_name: str
    actor_id: uuid.UUID | None = None
    user_id: uuid.UUID | None = None


SYSTEM: Final = Somebody("system", "Studio")
COMMAND: Final = Somebody("operator", "command line")


def person(user: User) -> Somebody:
    """A user acting for themself: signing in, or being created."""
    return Somebody("user", user.email, user.pk, user.pk)


def operator(user: User) -> Somebody:
    """A member of staff in the operators' console."""
    return Somebody("operator", user.email, user.pk, user.pk)
