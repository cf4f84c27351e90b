"""`Idempotency-Key`: a creation asked for twice happens once, and both callers read the same answer.

The key is kept in the transaction of the creation itself: either both are there or neither. A refusal keeps
nothing, so the caller may put its request right and use the same key again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, ClassVar, Final

import orjson
from django.db import connection, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from studio.common.models import IdempotencyKey
from studio.common.renderers import dumps
from studio.kernel import codec
from studio.kernel.clock import utcnow
from studio.kernel.errors import Conflict, Invalid, Malformed

KEEP: Final = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("ETag", "Location")


@dataclass(eq=False, kw_only=True)
class KeyReused(Invalid):
    """The key belongs to another request."""

    code: ClassVar[str] = "idempotency_key_reused"
    reason: str = "This Idempotency-Key was used with another body. Use a new key for a new request."


@dataclass(eq=False, kw_only=True)
class KeyInProgress(Conflict):
    """The first request with this key has not been answered yet."""

    code: ClassVar[str] = "idempotency_key_in_progress"
    reason: str = "The first request with this Idempotency-Key is still running. Ask again shortly."


def read_key(headers: Mapping[str, str]) -> str | None:
    """The key, if one was sent; raise Malformed for one that is none."""
    key = headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise Malformed(reason="`Idempotency-Key` has 1 to 255 visible ASCII characters.")
    return key


def creates(
    *, show_once: tuple[str, ...] = ()
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Make a view's method atomic and answer repetitions; `show_once` fields are null in a repeated answer."""

    def decorate(method: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(method)
        def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            key = read_key(request.headers)
            with transaction.atomic():
                if key is None:
                    return method(view, request, *args, **kwargs)
                return _once(
                    request,
                    view.access.workspace_id,
                    key,
                    lambda: method(view, request, *args, **kwargs),
                    show_once,
                )

        once.is_idempotent = True  # type: ignore[attr-defined] # its OpenAPI description names the header
        return once

    return decorate


def _once(
    request: Request, workspace_id: Any, key: str, create: Callable[[], Response], show_once: tuple[str, ...]
) -> Response:
    named = {"workspace_id": workspace_id, "scope": f"{request.method} {request.path}", "key": key}
    if not _lock(named):
        raise KeyInProgress
    body_hash = hashlib.sha256(request._request.body).digest()
    kept = IdempotencyKey.objects.filter(**named, expires_at__gt=utcnow()).first()
    if kept is not None:
        return _again(kept, body_hash)
    response = create()
    IdempotencyKey.objects.update_or_create(
        **named,
        defaults={
            "body_hash": body_hash,
            "answer": codec.encode(_answer(response, show_once)),
            "expires_at": utcnow() + KEEP,
        },
    )
    return response


def _lock(named: Mapping[str, Any]) -> bool:
    """Whether nobody else is at work with this key; holds until the transaction ends."""
    digest = hashlib.sha256("\x00".join(str(part) for part in named.values()).encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)]
        )
        return bool(cursor.fetchone()[0])


def _again(kept: IdempotencyKey, body_hash: bytes) -> Response:
    if bytes(kept.body_hash) != body_hash:
        raise KeyReused
    if kept.answer is None:
        raise KeyInProgress
    answer = codec.decode(kept.answer)
    headers = {**answer["headers"], "Idempotency-Replayed": "true"}
    return Response(answer["body"], status=answer["status"], headers=headers)


def _answer(response: Response, show_once: tuple[str, ...]) -> dict[str, Any]:
    body = orjson.loads(dumps(response.data))
    body.update({name: None for name in show_once if name in body})
    headers = {name: response[name] for name in _KEPT_HEADERS if response.has_header(name)}
    return {"status": response.status_code, "body": body, "headers": headers}
