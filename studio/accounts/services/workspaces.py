"""Tenants and their members."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import IntegrityError, transaction

from studio.accounts import trail
from studio.accounts.access import Actor
from studio.accounts.models import Membership, User, Workspace
from studio.accounts.roles import Role
from studio.kernel.errors import Conflict, Invalid, Problem

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


@transaction.atomic
def create_workspace(
    *, slug: str, name: str, by: Actor, tier: str = Workspace.Tier.FREE, region: str | None = None
) -> Workspace:
    """A new tenant without members; its data lies in `region`, by default where this process runs."""
    if not _SLUG.fullmatch(slug):
        raise Invalid(problems=[Problem("/slug", "invalid", "Use lower case letters, digits and hyphens.")])
    workspace = Workspace(slug=slug, name=name, tier=tier, region=region or settings.STUDIO_REGION)
    try:
        with transaction.atomic():
            workspace.save()
    except IntegrityError as error:
        raise Conflict(reason="A workspace with this slug exists already.") from error
    trail.record("workspace.created", target=workspace, by=by)
    return workspace


@transaction.atomic
def add_member(*, workspace: Workspace, user: User, role: Role, by: Actor) -> Membership:
    """Let a person in, or change what they may do."""
    membership, created = Membership.objects.update_or_create(
        workspace=workspace, user=user, defaults={"role": role}
    )
    action = "member.added" if created else "member.role_changed"
    trail.record(action, target=membership, by=by, details={"role": str(role)})
    return membership
