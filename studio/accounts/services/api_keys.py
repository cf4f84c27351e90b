"""Keys for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from studio.accounts import trail
from studio.accounts.access import Actor
from studio.accounts.keys import mint_key
from studio.accounts.models import ApiKey, Workspace
from studio.accounts.permissions import Access, unknown_scopes, within
from studio.accounts.roles import Role
from studio.kernel.clock import utcnow
from studio.kernel.errors import Conflict, Forbidden, Invalid, Problem


@dataclass(frozen=True)
class NewApiKey:
    """A key with its token, which nobody can read a second time."""

    key: ApiKey
    token: str = field(repr=False)


@transaction.atomic
def create_api_key(
    *,
    workspace: Workspace,
    name: str,
    by: Actor,
    role: Role = Role.EDITOR,
    within_access: Access | None = None,
    scopes: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> NewApiKey:
    """No key may do more than `within_access`, its creator; None stands for an operator's command."""
    _check(scopes, expires_at)
    if within_access is not None:
        scopes = _bounded(within_access, role, scopes)
    minted = mint_key()
    key = ApiKey.objects.create(
        id=minted.id,
        workspace=workspace,
        name=name,
        secret_hash=minted.secret_hash,
        role=role,
        scopes=None if scopes is None else sorted(set(scopes)),
        created_by_id=by.user_id,
        expires_at=expires_at,
    )
    trail.record("api_key.created", target=key, by=by, details={"role": str(role), "scopes": key.scopes})
    return NewApiKey(key, minted.token)


@transaction.atomic
def revoke_api_key(*, key: ApiKey, by: Actor) -> None:
    """End a key; the row stays, so that what it did keeps a name."""
    if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=utcnow()):
        raise Conflict(reason="This API key is revoked already.")
    trail.record("api_key.revoked", target=key, by=by)


def _bounded(creator: Access, role: Role, scopes: Sequence[str] | None) -> Sequence[str] | None:
    if not creator.role.includes(role):
        raise Forbidden(reason=f"A key's role cannot be above your own, which is {creator.role}.")
    if creator.scopes is None:
        return scopes
    if scopes is None:
        return sorted(creator.scopes)
    beyond = [scope for scope in scopes if not within(creator.scopes, scope)]
    if beyond:
        raise Forbidden(reason=f"A key's scopes cannot go beyond your own: {', '.join(beyond)}.")
    return scopes


def _check(scopes: Sequence[str] | None, expires_at: datetime | None) -> None:
    problems = []
    if scopes is not None:
        unknown = set(unknown_scopes(scopes))
        problems = [
            Problem(f"/scopes/{index}", "unknown_scope", f"There is no verb {scope}.")
            for index, scope in enumerate(scopes)
            if scope in unknown
        ]
    if expires_at is not None and expires_at <= utcnow():
        problems.append(Problem("/expires_at", "in_the_past", "Choose a time that is still to come."))
    if problems:
        raise Invalid(problems=problems)
