"""The API as a whole: every app's routes below `/api/v1/`, and the description that is made of them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from studio.accounts.api.permissions import RulePermission
from studio.common.api import RuledView
from studio.common.rules import PUBLIC

# Apps that speak HTTP, in the order in which the description lists them.
APPS: Final = (
    "studio.accounts",
    "workflows",
    "webhooks",
    "studio.operations",
    "analytics",
    "billing",
    "studio.security",
)


class OpenApiView(RuledView, SpectacularJSONAPIView):
    """OpenAPI 3.1, made of the code that answers."""

    rules = {"get": PUBLIC}
    authentication_classes = ()
    permission_classes = (RulePermission,)


class DocsView(RuledView, SpectacularSwaggerSplitView):
    """The same, to read and to try."""

    rules = {"get": PUBLIC}
    query_parameters = {"get": frozenset({"script"})}
    authentication_classes = ()
    permission_classes = (RulePermission,)


def _app_routes() -> list[URLPattern | URLResolver]:
    modules = (f"{app}.api.urls" for app in APPS)
    return [path("", include(module)) for module in modules if _exists(module)]


def _exists(module: str) -> bool:
    package = module.rpartition(".")[0]
    return find_spec(package.rpartition(".")[0]) is not None and _has(package) and _has(module)


def _has(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


urlpatterns = [
    *_app_routes(),
    path("openapi.json", OpenApiView.as_view(), name="openapi"),
    path("docs/", DocsView.as_view(url_name="openapi"), name="docs"),
]
