"""The page: one HTML document for every address that is not somebody else's; its router does the rest."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

_NOT_BUILT = "The page is not built yet. Run `npm ci && npm run build` in frontend/, or start with bin/up.\n"


@require_safe
@ensure_csrf_cookie
def page(_request: HttpRequest) -> HttpResponse:
    """Never cached: it names the scripts and styles of this very build."""
    try:
        document = (settings.FRONTEND_DIST / "index.html").read_bytes()
    except OSError:
        return HttpResponse(_NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse(document, headers={"Cache-Control": "no-cache"})
