"""What every request through Django gets: an id, and headers that tell browsers what a page may do."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase

from studio.common.request_context import RequestContext, entered, request_id_from

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# React Flow and the editor place things with style attributes; nothing else inline is allowed on the page.
PAGE_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "style-src-attr": "'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self' blob:",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# The console's widgets (Alpine) compile expressions in the browser, and its templates hold inline scripts.
CONSOLE_POLICY = {
    **PAGE_POLICY,
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
}
DOCS_POLICY = {**PAGE_POLICY, "style-src": "'self' 'unsafe-inline'"}
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class RequestIdMiddleware:
    """Take the caller's `X-Request-ID` where it is a decent one, and send it back with the answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_from(request.headers.get("X-Request-ID"))
        with entered(RequestContext(request_id, client_address(request))):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class SecurityHeadersMiddleware:
    """A strict policy for the page, a looser one for operators' console and the API's own documentation."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", _policy(request))
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def client_address(request: HttpRequest) -> str:
    """Who is calling; the proxy's word counts only where a proxy stands in front, or over its own socket."""
    nearest = request.META.get("REMOTE_ADDR", "")
    forwarded = request.headers.get("X-Forwarded-For", "").rsplit(",", 1)[-1].strip()
    behind_proxy = settings.SECURE_PROXY_SSL_HEADER is not None or not _is_address(nearest)
    candidate = forwarded if behind_proxy and forwarded else nearest
    return candidate if _is_address(candidate) else ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _policy(request: HttpRequest) -> str:
    if request.path.startswith("/admin/"):
        directives = CONSOLE_POLICY
    elif request.path.startswith("/api/v1/docs"):
        directives = DOCS_POLICY
    else:
        directives = PAGE_POLICY
    sources = " ".join(["'self'", *_web_sockets(request)])
    return "; ".join([f"connect-src {sources}", *(f"{name} {value}" for name, value in directives.items())])


def _web_sockets(request: HttpRequest) -> list[str]:
    """Our own, spelt out: older browsers do not count them as 'self'."""
    try:
        host = request.get_host()
    except DisallowedHost:
        return []
    return [f"wss://{host}"] if request.is_secure() else [f"ws://{host}", f"wss://{host}"]
