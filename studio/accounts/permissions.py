"""Who may do what: one table of verbs, read by the API, the ingress, the page and the tests.

A verb is `<noun>.<deed>`. The table names the least role that may do it; every greater role may too.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from studio.accounts.roles import Role
from studio.kernel.errors import Forbidden

LEAST_ROLE: Final[dict[str, Role]] = {
    "workspace.read": Role.VIEWER,
    "workflow.read": Role.VIEWER,
    "execution.read": Role.VIEWER,
    "credential.read": Role.VIEWER,
    "variable.read": Role.VIEWER,
    "schedule.read": Role.VIEWER,
    "webhook.read": Role.VIEWER,
    "worker.read": Role.VIEWER,
    "node_type.read": Role.VIEWER,
    "member.read": Role.VIEWER,
    "usage.read": Role.VIEWER,
    "trace.read": Role.VIEWER,
    "breaker.read": Role.VIEWER,
    "cache.read": Role.VIEWER,
    "error_group.read": Role.VIEWER,
    "dead_letter.read": Role.VIEWER,
    "job.read": Role.VIEWER,
    "execution.run": Role.OPERATOR,
    "execution.cancel": Role.OPERATOR,
    "execution.resume": Role.OPERATOR,
    "execution.signal": Role.OPERATOR,
    # Besides the verb that is done to each of them.
    "execution.bulk": Role.OPERATOR,
    "error_group.settle": Role.OPERATOR,
    "dead_letter.settle": Role.OPERATOR,
    "job.operate": Role.OPERATOR,
    "credential.use": Role.OPERATOR,
    "webhook.replay": Role.OPERATOR,
    "breaker.operate": Role.OPERATOR,
    "cache.clear": Role.OPERATOR,
    # An unsaved definition is an edit that runs: an operator runs only what an editor saved.
    "execution.run_unsaved": Role.EDITOR,
    "workflow.edit": Role.EDITOR,
    "workflow.publish": Role.EDITOR,
    "credential.edit": Role.EDITOR,
    "variable.edit": Role.EDITOR,
    "schedule.edit": Role.EDITOR,
    "webhook.edit": Role.EDITOR,
    "workspace.edit": Role.ADMIN,
    "member.manage": Role.ADMIN,
    "api_key.manage": Role.ADMIN,
    "limit.manage": Role.ADMIN,
    "audit.read": Role.ADMIN,
    "billing.manage": Role.OWNER,
    "workspace.delete": Role.OWNER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Somebody at work in one workspace: a person by session, or a program by API key."""

    workspace_id: uuid.UUID
    slug: str
    region: str
    tier: str
    role: Role
    actor_name: str
    user_id: uuid.UUID | None = None
    key_id: uuid.UUID | None = None
    scopes: frozenset[str] | None = None

    @property
    def actor_kind(self) -> str:
        return "user" if self.key_id is None else "api_key"

    @property
    def actor_id(self) -> uuid.UUID | None:
        return self.user_id if self.key_id is None else self.key_id

    def may(self, verb: str) -> bool:
        return self.role.includes(LEAST_ROLE[verb]) and within(self.scopes, verb)

    def require(self, verb: str) -> None:
        """Raise Forbidden unless this may be done."""
        if not self.role.includes(LEAST_ROLE[verb]):
            raise Forbidden(reason=f"This takes the role {LEAST_ROLE[verb]} or more; yours is {self.role}.")
        if not within(self.scopes, verb):
            raise Forbidden(reason=f"This API key's scopes do not include {verb}.")

    def verbs(self) -> list[str]:
        """Everything that may be done, for the page to show or hide its buttons."""
        return sorted(verb for verb in LEAST_ROLE if self.may(verb))


def within(scopes: frozenset[str] | None, verb: str) -> bool:
    """Whether scopes (None narrows nothing) let the verb pass: by name, or by `<noun>.*`."""
    return scopes is None or verb in scopes or f"{verb.partition('.')[0]}.*" in scopes


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Those that match no verb at all."""
    nouns = {f"{verb.partition('.')[0]}.*" for verb in LEAST_ROLE}
    return [scope for scope in scopes if scope not in LEAST_ROLE and scope not in nouns]
