"""The workspace a new installation starts with, so that there is something to look at at once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction

from studio.accounts.access import SYSTEM, person
from studio.accounts.models import ApiKey, User, Workspace
from studio.accounts.roles import Role
from studio.accounts.services.api_keys import create_api_key, revoke_api_key
from studio.accounts.services.users import create_user, set_password
from studio.accounts.services.workspaces import add_member, create_workspace

SLUG: Final = "demo"
EMAIL: Final = "demo@studio.local"
KEY_NAME: Final = "demo"


@dataclass(frozen=True)
class Demo:
    """`password` and `token` are there only when they were made by this call; the caller keeps them."""

    workspace: Workspace
    user: User
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


Furnisher = Callable[[Workspace, User], None]
_furnishers: list[Furnisher] = []


def furnish_with(furnisher: Furnisher) -> None:
    """Have a higher layer put its examples into the demo workspace; it must do nothing the second time."""
    if furnisher not in _furnishers:
        _furnishers.append(furnisher)


@transaction.atomic
def seed_demo(*, new_secrets: bool = False) -> Demo:
    """Make what is missing. `new_secrets`: the caller lost login and key, so replace both."""
    workspace = Workspace.objects.filter(slug=SLUG).first() or create_workspace(
        slug=SLUG, name="Demo", tier=Workspace.Tier.ENTERPRISE, by=SYSTEM
    )
    user = User.objects.filter(email__iexact=EMAIL).first()
    password = None
    if user is None:
        password = _password()
        user = create_user(email=EMAIL, password=password, name="Demo", is_staff=True, by=SYSTEM)
    elif new_secrets:
        password = _password()
        set_password(user=user, password=password, by=SYSTEM)
    if not user.memberships.filter(workspace=workspace, role=Role.OWNER).exists():
        add_member(workspace=workspace, user=user, role=Role.OWNER, by=SYSTEM)
    token = _token(workspace, user, new_secrets=new_secrets)
    for furnish in _furnishers:
        furnish(workspace, user)
    return Demo(workspace, user, password, token)


def _token(workspace: Workspace, user: User, *, new_secrets: bool) -> str | None:
    """The key is the user's own, so that it may also do what only people may."""
    live = ApiKey.objects.filter(workspace=workspace, name=KEY_NAME, revoked_at=None)
    if live.exists() and not new_secrets:
        return None
    for key in live:
        revoke_api_key(key=key, by=SYSTEM)
    return create_api_key(workspace=workspace, name=KEY_NAME, role=Role.ADMIN, by=person(user)).token


def _password() -> str:
    return secrets.token_urlsafe(12)
