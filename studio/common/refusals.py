"""What goes wrong in Django becomes a problem document: in our views, and before or beside them under `/api/`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views import defaults
from django.views.csrf import csrf_failure as django_csrf_failure
from rest_framework.response import Response
from rest_framework.views import set_rollback

from studio.common.problem import (
    CsrfFailed,
    MethodNotAllowed,
    NoSuchAddress,
    as_studio_error,
    problem_document,
    report,
)
from studio.common.renderers import dumps
from studio.common.request_context import current
from studio.kernel.errors import Forbidden, InternalError, Malformed, StudioError


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """What Django REST framework answers when a view raises."""
    request = context["request"]
    known = as_studio_error(error)
    if isinstance(known, MethodNotAllowed):
        known = MethodNotAllowed(allowed=", ".join(allowed_methods(context["view"])))
    report(error, known)
    set_rollback()
    status, headers, document = problem_document(
        known, instance=request.path, request_id=current().request_id
    )
    content_type = headers.pop("Content-Type")
    return Response(document, status=status, headers=headers, content_type=content_type)


def allowed_methods(view: Any) -> list[str]:
    """The methods that a view answers, for `Allow`."""
    return [name.upper() for name in view.http_method_names if hasattr(view, name)]


def problem_response(request: HttpRequest, error: StudioError) -> HttpResponse:
    """The answer to a request that no view took."""
    status, headers, document = problem_document(
        error, instance=request.path, request_id=current().request_id
    )
    return HttpResponse(dumps(document), status=status, headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return _answer(request, Malformed(), lambda: defaults.bad_request(request, exception))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return _answer(request, Forbidden(), lambda: defaults.permission_denied(request, exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return _answer(request, NoSuchAddress(), lambda: defaults.page_not_found(request, exception))


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Reached with the exception still at hand: a store that is away is a 503, wherever it was noticed."""
    error = sys.exc_info()[1]
    known = InternalError() if error is None else as_studio_error(error)
    if error is not None:
        report(error, known)
    return _answer(request, known, lambda: defaults.server_error(request))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    return _answer(request, CsrfFailed(), lambda: django_csrf_failure(request, reason))


def _answer(
    request: HttpRequest, error: StudioError, otherwise: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    return problem_response(request, error) if request.path.startswith("/api/") else otherwise()
