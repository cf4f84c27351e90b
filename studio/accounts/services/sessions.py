"""Signing in on the page, and out again."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Final

from django.contrib.auth import authenticate, login, logout
from django.core.cache import cache
from django.http import HttpRequest

from studio.accounts import trail
from studio.accounts.access import person
from studio.accounts.models import User
from studio.common.request_context import current
from studio.kernel.errors import LimitReached, Unauthenticated
from studio.kernel.keys import sign_in_key

MAX_FAILURES: Final = 10
WINDOW_SECONDS: Final = 15 * 60


def sign_in(*, request: HttpRequest, email: str, password: str) -> User:
    """Start a session; wrong guesses from one address at one account are counted and end in a wait."""
    counter = _counter(email)
    if int(cache.get(counter) or 0) >= MAX_FAILURES:
        raise LimitReached(
            reason="Too many failed attempts to sign in. Wait a little.",
            retry_after=WINDOW_SECONDS,
            reason_code="sign_in",
            quota=MAX_FAILURES,
            window=WINDOW_SECONDS,
        )
    user = authenticate(request, username=email.strip(), password=password)
    if not isinstance(user, User):
        _count(counter)
        raise Unauthenticated(reason="This e-mail address and password do not belong together.")
    login(request, user)
    trail.record("session.started", target=user, by=person(user))
    cache.delete(counter)
    return user


def sign_out(*, request: HttpRequest) -> None:
    """End the session, if there is one."""
    user = request.user
    logout(request)
    if isinstance(user, User):
        trail.record("session.ended", target=user, by=person(user))


def _counter(email: str) -> str:
    who = f"{current().address}\x00{email.strip().lower()}"
    return sign_in_key(hashlib.sha256(who.encode()).hexdigest())


def _count(counter: str) -> None:
    if not cache.add(counter, 1, WINDOW_SECONDS):
        with contextlib.suppress(ValueError):  # it ran out between the two calls
            cache.incr(counter)
