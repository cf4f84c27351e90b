"""Who may open a socket: a signed-in browser by its cookie and Origin, anybody else by a one-time ticket."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from redis.asyncio import Redis

from studio.accounts.models import ApiKey, Membership, User
from studio.kernel.clock import utcnow
from studio.kernel.errors import Unauthenticated
from workflows.services.tickets import read_holder, ticket_name

_MAX_TICKET: Final = 200


@dataclass(frozen=True, slots=True)
class Admission:
    """The workspaces whose executions may be watched, by slug; by session or by API key."""

    workspaces: dict[str, uuid.UUID]
    session_key: str | None = None
    key_id: uuid.UUID | None = None

    def covers(self, workspace_id: uuid.UUID) -> bool:
        return workspace_id in self.workspaces.values()


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a client sent when it opened the socket."""

    cookies: dict[str, str]
    origin: str | None
    host: str | None
    parameters: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, scope: Any) -> Handshake:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20)
        return cls(
            _cookies(headers.get(b"cookie", "")),
            headers.get(b"origin"),
            headers.get(b"host"),
            {name: values[0] for name, values in query.items()},
        )

    @property
    def from_own_page(self) -> bool:
        """A cookie is sent by whatever page asks; only the Origin tells that it was ours."""
        if self.origin is None:
            return False
        trusted = {origin.rstrip("/").lower() for origin in settings.CSRF_TRUSTED_ORIGINS}
        return urlsplit(self.origin).netloc.lower() == (self.host or "").lower() or (
            self.origin.rstrip("/").lower() in trusted
        )


async def admit(handshake: Handshake, redis: Redis) -> Admission:
    """Raise Unauthenticated for anybody unknown."""
    ticket = handshake.parameters.get("ticket")
    if ticket is not None:
        return await _by_ticket(ticket, redis)
    session_key = handshake.cookies.get(settings.SESSION_COOKIE_NAME)
    if session_key and handshake.from_own_page:
        workspaces = await _workspaces_of_session(session_key)
        if workspaces:
            return Admission(workspaces, session_key=session_key)
    raise Unauthenticated


async def still_holds(admission: Admission) -> bool:
    """Whether the session or key is still good for all it was good for."""
    if admission.session_key is not None:
        workspaces: dict[str, uuid.UUID] = await _workspaces_of_session(admission.session_key)
        return admission.workspaces.items() <= workspaces.items()
    if admission.key_id is not None:
        return bool(await _key_is_live(admission.key_id))
    return True


async def _by_ticket(ticket: str, redis: Redis) -> Admission:
    kept = await redis.getdel(ticket_name(ticket)) if len(ticket) <= _MAX_TICKET else None
    if kept is None:
        raise Unauthenticated
    holder = read_holder(kept if isinstance(kept, bytes) else kept.encode())
    return Admission({"": holder.workspace_id}, key_id=holder.key_id)


@database_sync_to_async  # type: ignore[untyped-decorator]
def _workspaces_of_session(session_key: str) -> dict[str, uuid.UUID]:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        return {}
    rows = Membership.objects.filter(user=user).values_list("workspace__slug", "workspace_id")
    return dict(rows)


@database_sync_to_async  # type: ignore[untyped-decorator]
def _key_is_live(key_id: uuid.UUID) -> bool:
    key = ApiKey.objects.filter(pk=key_id).first()
    return key is not None and key.is_live(utcnow())


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
