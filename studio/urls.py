"""Every route of the web process."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path

from studio.common.metrics import metrics_view
from studio.flower import flower
from studio.health import livez, readyz
from studio.page import page

handler400 = "studio.common.refusals.bad_request"
handler403 = "studio.common.refusals.forbidden"
handler404 = "studio.common.refusals.not_found"
handler500 = "studio.common.refusals.server_error"

# The page's router owns every address but these.
_RESERVED = "api|admin|hooks|ws|flower|accounts|static|livez|readyz|metrics"

urlpatterns = [
    path("livez", livez),
    path("readyz", readyz),
    path("metrics", metrics_view),
    path("api/v1/", include("studio.api")),
    path("admin/", admin.site.urls),
    path("flower/", flower),
    path("flower/<path:rest>", flower),
    re_path(rf"^(?!(?:{_RESERVED})(?:/|$))", page, name="page"),
]
