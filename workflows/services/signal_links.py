"""Links that answer one wait once, without signing in: `sgl_<id>_<secret>`.

A link acts for whoever made it, with the role they hold when it is used. Its secret is kept as a hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from studio.accounts.models import Membership, User, Workspace
from studio.accounts.permissions import Access
from studio.accounts.roles import Role
from studio.kernel.clock import utcnow
from studio.kernel.errors import Conflict, Forbidden, NotFound
from studio.security.services import audit
from workflows.models import Execution, SignalLink
from workflows.services.approvals import answer_signal, require_approver, waiting_approval
from workflows.services.executions import live_execution, require_signal_name

LONGEST_SECONDS: Final = 30 * 86_400
_TOKEN = re.compile(r"sgl_([0-9a-f]{32})_([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewLink:
    """`token` is told once."""

    id: uuid.UUID
    token: str = field(repr=False)
    expires_at: datetime


@transaction.atomic
def create_link(
    *, workspace: Workspace, execution_id: uuid.UUID, name: str, seconds: float, by: Access
) -> NewLink:
    """A link to a signal or an approval of a live execution; for an approval, only by who may decide on it."""
    require_signal_name(name)
    execution = live_execution(workspace, execution_id)
    if by.user_id is None:
        raise Forbidden(reason="A link acts for the person who makes it, and nobody stands behind this key.")
    asked = waiting_approval(execution, name)
    if asked is not None:
        require_approver(execution, asked, by)
    secret = secrets.token_urlsafe(32)
    link = SignalLink.objects.create(
        workspace=workspace,
        execution_id=execution_id,
        name=name,
        secret_hash=_hash(secret),
        created_by_id=by.user_id,
        expires_at=utcnow() + timedelta(seconds=seconds),
    )
    audit.record("execution.link_made", target=execution, by=by, details={"signal": name})
    return NewLink(link.pk, f"sgl_{link.pk.hex}_{secret}", link.expires_at)


def find_link(token: str) -> SignalLink:
    """The link of a token; raise NotFound for one that is unknown, has expired or was used."""
    match = _TOKEN.fullmatch(token)
    link = None if match is None else SignalLink.objects.filter(pk=match[1]).first()
    if match is None or link is None or not hmac.compare_digest(bytes(link.secret_hash), _hash(match[2])):
        raise NotFound(what="link")
    if link.expires_at <= utcnow():
        raise NotFound(what="link")
    return link


def describe_link(link: SignalLink) -> dict[str, Any]:
    """What somebody who follows a link must know to answer."""
    execution = Execution.objects.filter(pk=link.execution_id).first()
    asked = None if execution is None else waiting_approval(execution, link.name)
    shown = (
        {} if asked is None else {name: asked[name] for name in ("message", "required", "form", "deadline")}
    )
    return {
        "name": link.name,
        "expires_at": link.expires_at,
        "used": link.used_at is not None,
        "approval": shown or None,
    }


@transaction.atomic
def use_link(token: str, payload: Any) -> Execution:
    """Answer what the link is for; a refused answer leaves it good."""
    link = find_link(token)
    if not SignalLink.objects.filter(pk=link.pk, used_at=None).update(used_at=utcnow()):
        raise Conflict(reason="This link was used already.", error_code="link_used")
    return answer_signal(
        workspace=Workspace(pk=link.workspace_id),
        execution_id=link.execution_id,
        name=link.name,
        payload=payload,
        by=_access_of(link),
    )


def _access_of(link: SignalLink) -> Access:
    """Its maker, as what they are in the workspace today."""
    member = (
        Membership.objects.filter(workspace=link.workspace_id, user=link.created_by_id, user__is_active=True)
        .select_related("user", "workspace")
        .first()
    )
    if member is None:
        raise Forbidden(reason="Whoever made this link does not belong to the workspace any more.")
    user: User = member.user
    access = Access(
        workspace_id=member.workspace_id,
        slug=member.workspace.slug,
        region=member.workspace.region,
        tier=member.workspace.tier,
        role=Role(member.role),
        actor_name=user.email,
        user_id=user.pk,
    )
    access.require("execution.signal")
    return access


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
