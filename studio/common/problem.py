"""Every refusal leaves Studio as one shape: `application/problem+json` (RFC 9457).

`problem_document` serves every door, Django's and the bare ASGI ingress alike; `as_studio_error` says which of
our errors a framework's or a driver's exception is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import django.db
import redis.exceptions
import structlog
from django.core import exceptions as django_errors
from django.http import Http404
from rest_framework import exceptions as drf_errors

from studio.kernel.documents import escape_token
from studio.kernel.errors import (
    CallerError,
    Forbidden,
    InternalError,
    Invalid,
    LimitReached,
    Malformed,
    NotFound,
    Problem,
    StoreAway,
    StudioError,
    TooLarge,
    Unauthenticated,
    UnsupportedMedia,
)

log = structlog.get_logger()

MEDIA_TYPE: Final = "application/problem+json"
CHALLENGE: Final = 'Bearer realm="studio"'


@dataclass(eq=False, kw_only=True)
class MethodNotAllowed(CallerError):
    """The address is known, but not for this method."""

    status: ClassVar[int] = 405
    code: ClassVar[str] = "method_not_allowed"
    title: ClassVar[str] = "Method not allowed"
    message: ClassVar[str] = "This address answers to {allowed}."

    allowed: str


@dataclass(eq=False, kw_only=True)
class LengthRequired(CallerError):
    """A body in chunks, whose end this process would not see."""

    status: ClassVar[int] = 411
    code: ClassVar[str] = "length_required"
    title: ClassVar[str] = "Length required"

    reason: str = "Send the body with a `Content-Length`."


@dataclass(eq=False, kw_only=True)
class NoSuchAddress(NotFound):
    """Nothing of this name, or no object that this caller may see."""

    message: ClassVar[str] = "There is nothing at this address, or nothing that this caller may see."


@dataclass(eq=False, kw_only=True)
class CsrfFailed(Forbidden):
    """A change by session without the proof that our own page sent it."""

    code: ClassVar[str] = "csrf_failed"

    reason: str = "Send the value of the `csrftoken` cookie as `X-CSRFToken`."


def problem_document(
    error: StudioError, *, instance: str, request_id: str
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and body of the answer that `error` is."""
    code = getattr(error, "error_code", None) or error.code
    document: dict[str, Any] = {
        "type": f"urn:studio:problem:{code}",
        "title": error.title,
        "status": error.status,
        "code": code,
        "detail": error.detail,
        "instance": instance,
        "request_id": request_id,
        "errors": [problem.as_dict() for problem in getattr(error, "problems", ())],
    }
    if isinstance(error, LimitReached):
        document["reason"] = error.reason_code
    return error.status, {"Content-Type": MEDIA_TYPE, **_headers(error)}, document


def _headers(error: StudioError) -> dict[str, str]:
    match error:
        case Unauthenticated():
            return {"WWW-Authenticate": CHALLENGE}
        case MethodNotAllowed():
            return {"Allow": error.allowed}
        case StoreAway():
            return {"Retry-After": _whole_seconds(error.retry_after)}
        case LimitReached():
            return {"Retry-After": _whole_seconds(error.retry_after), **_rate_limit_headers(error)}
    return {}


def _rate_limit_headers(error: LimitReached) -> dict[str, str]:
    reset = _whole_seconds(error.retry_after)
    policy = f'"{error.reason_code}";q={error.quota};w={_whole_seconds(error.window or error.retry_after)}'
    return {"RateLimit": f'"{error.reason_code}";r=0;t={reset}', "RateLimit-Policy": policy}


def _whole_seconds(seconds: float) -> str:
    return str(max(1, math.ceil(seconds)))


def as_studio_error(error: BaseException) -> StudioError:
    """Ours as it is; a framework's or driver's in our words; anything else is InternalError."""
    if isinstance(error, StudioError):
        return error
    if isinstance(error, drf_errors.APIException):
        return _from_rest_framework(error)
    match error:
        case Http404():
            return NoSuchAddress()
        case django_errors.PermissionDenied():
            return Forbidden()
        case django_errors.RequestDataTooBig():
            return TooLarge(limit_bytes=_django_limit())
        case django_errors.BadRequest() | django_errors.SuspiciousOperation():
            return Malformed()
        case django_errors.ValidationError():
            return Invalid(problems=[Problem("", "invalid", " ".join(error.messages))])
        case django.db.DataError():
            return Invalid(reason="The database cannot hold one of the values.")
        case django.db.OperationalError() | django.db.InterfaceError():
            return StoreAway()
        case redis.exceptions.ConnectionError() | redis.exceptions.TimeoutError():
            return StoreAway(store="Valkey")
    return InternalError()


def _from_rest_framework(error: drf_errors.APIException) -> StudioError:
    match error:
        case drf_errors.ValidationError():
            return Invalid(problems=list(flatten(error.get_full_details())))
        case drf_errors.ParseError():
            return Malformed(reason=str(error.detail))
        case drf_errors.NotAuthenticated() | drf_errors.AuthenticationFailed():
            return Unauthenticated()
        case drf_errors.PermissionDenied():
            return CsrfFailed() if "CSRF" in str(error.detail) else Forbidden()
        case drf_errors.NotFound():
            return NoSuchAddress()
        case drf_errors.MethodNotAllowed():
            return MethodNotAllowed(allowed="other methods")
        case drf_errors.UnsupportedMediaType():
            return UnsupportedMedia()
        case drf_errors.Throttled():
            return LimitReached(reason="Too many requests.", retry_after=getattr(error, "wait", None) or 1.0)
    return InternalError(what=type(error).__name__)


def flatten(details: Any, pointer: str = "") -> Iterator[Problem]:
    """The problems in a serializer's nested findings, each at its pointer."""
    if isinstance(details, dict) and isinstance(details.get("message"), str) and "code" in details:
        yield Problem(pointer, details["code"], details["message"])
    elif isinstance(details, dict):
        for key, held in details.items():
            below = pointer if key == "non_field_errors" else f"{pointer}/{escape_token(str(key))}"
            yield from flatten(held, below)
    else:
        for index, held in enumerate(details):
            leaf = isinstance(held, dict) and isinstance(held.get("message"), str)
            yield from flatten(held, pointer if leaf else f"{pointer}/{index}")


def report(error: BaseException, known: StudioError) -> None:
    """Log what is not the caller's doing; the request id stands in the line's context."""
    if known.status < 500 and not isinstance(error, django.db.DataError):
        return
    event = "store.away" if isinstance(known, StoreAway) else "request.failed"
    log.error(event, code=known.code, error=type(error).__name__, exc_info=error)


def _django_limit() -> int:
    from django.conf import settings

    limit: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return limit
