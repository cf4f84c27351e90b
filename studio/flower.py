"""Flower at `/flower/`: for staff, read-only, through Django's own sign-in.

Flower listens on loopback and knows nobody. It asks for a password that this view adds, so another user of the
machine who finds the port sees nothing either. Only reading is forwarded: workers are drained and executions
cancelled through Studio's services, which ask for rights and keep the audit trail.
"""

from __future__ import annotations

import base64
import http.client
from typing import Final

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils.crypto import salted_hmac
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

PREFIX: Final = "flower"
USER: Final = "studio"
_TASK_LIST: Final = "tasks/datatable"
PATIENCE_SECONDS: Final = 10.0
LONGEST_ANSWER_BYTES: Final = 32 * 1024 * 1024
_KEPT_HEADERS: Final = ("Content-Type", "Cache-Control", "ETag", "Last-Modified", "Location")
# Flower's templates hold inline scripts and styles.
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)


def flower_password() -> str:
    """Known to Flower's process and to this view, and to nobody without the secret key."""
    return salted_hmac("studio.flower", "password", algorithm="sha256").hexdigest()


@csrf_exempt  # nothing is changed here, so there is nothing to forge
@require_http_methods(["GET", "HEAD", "POST"])
def flower(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), login_url="/admin/login/")
    if not (request.user.is_active and request.user.is_staff):
        raise PermissionDenied("Flower is for staff.")
    if request.method == "POST" and rest != _TASK_LIST:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    try:
        return _ask(request)
    except (OSError, http.client.HTTPException):
        return HttpResponse(
            "Flower does not answer. `manage.py flower` starts it.\n",
            status=503,
            content_type="text/plain",
            headers={"Retry-After": "5"},
        )


def _ask(request: HttpRequest) -> HttpResponse:
    """The one place that speaks HTTP without the guarded client: to a fixed port on loopback.

    Flower's list of tasks posts what it looks for; that is a question too, so it becomes a GET.
    """
    address = (
        f"{request.path}?{request.body.decode('ascii', 'ignore')}"
        if request.method == "POST"
        else request.get_full_path()
    )
    method = "HEAD" if request.method == "HEAD" else "GET"
    port = settings.STUDIO_FLOWER_PORT
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    secret = base64.b64encode(f"{USER}:{flower_password()}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}", "Host": f"127.0.0.1:{port}"}
    for name in ("Accept", "If-None-Match", "If-Modified-Since"):
        if name in request.headers:
            headers[name] = request.headers[name]
    try:
        connection.request(method, address, headers=headers)
        answer = connection.getresponse()
        body = answer.read(LONGEST_ANSWER_BYTES)
        response = HttpResponse(body, status=answer.status)
        for name in _KEPT_HEADERS:
            value = answer.getheader(name)
            if value is not None:
                response[name] = value
    finally:
        connection.close()
    response["Content-Security-Policy"] = _POLICY
    return response
