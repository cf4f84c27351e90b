"""Two ways in: an API key, or the session of somebody who signed in on the page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from studio.accounts.keys import parse_authorization
from studio.accounts.models import ApiKey, Membership, User
from studio.accounts.permissions import Access
from studio.accounts.roles import Role
from studio.common.problem import CHALLENGE
from studio.kernel.clock import utcnow
from studio.kernel.documents import check_text
from studio.kernel.errors import Forbidden, Unauthenticated

USE_NOTED_EVERY: Final = timedelta(minutes=1)


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer stu_<id>_<secret>`: the key implies its workspace."""

    def authenticate(self, request: Request) -> tuple[User | None, Access] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        sent = parse_authorization(header)
        key = None if sent is None else _find(sent.id)
        if sent is None or key is None or not sent.matches(key.secret_hash) or not key.is_live(utcnow()):
            raise Unauthenticated(reason="This API key is unknown, revoked or expired.")
        note_use(key)
        return key.created_by, access_of_key(key)

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class WorkspaceSessionAuthentication(SessionAuthentication):
    """The session cookie, with `Studio-Workspace: <slug>`; without it the user's first workspace."""

    def authenticate(self, request: Request) -> tuple[User, Access] | None:
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        self.enforce_csrf(request)
        return user, access_of_user(user, request.headers.get("Studio-Workspace"))

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def access_of_key(key: ApiKey) -> Access:
    workspace = key.workspace
    return Access(
        workspace_id=workspace.id,
        slug=workspace.slug,
        region=workspace.region,
        tier=workspace.tier,
        role=Role(key.role),
        actor_name=key.name,
        user_id=key.created_by_id,
        key_id=key.id,
        scopes=None if key.scopes is None else frozenset(key.scopes),
    )


def access_of_user(user: User, slug: str | None) -> Access:
    """The user's place in the workspace of that slug, or in the first one; raise Forbidden without any."""
    memberships = Membership.objects.filter(user=user).select_related("workspace").order_by("id")
    if slug:
        memberships = memberships.filter(workspace__slug=check_text(slug, "The header `Studio-Workspace`"))
    membership = memberships.first()
    if membership is None:
        raise Forbidden(reason="You are not a member of this workspace.")
    workspace = membership.workspace
    return Access(
        workspace_id=workspace.id,
        slug=workspace.slug,
        region=workspace.region,
        tier=workspace.tier,
        role=Role(membership.role),
        actor_name=user.email,
        user_id=user.id,
    )


def note_use(key: ApiKey) -> None:
    """Remember when a key was last used, to the minute: a write per request would cost more than the request."""
    now = utcnow()
    if key.last_used_at is None or key.last_used_at < now - USE_NOTED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _find(identifier: Any) -> ApiKey | None:
    return ApiKey.objects.select_related("workspace", "created_by").filter(pk=identifier).first()
