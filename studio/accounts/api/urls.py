"""Routes of accounts below `/api/v1/`."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from studio.accounts.api import schema  # noqa: F401 - registers the security schemes
from studio.accounts.api.member_views import MemberViewSet, RolesView
from studio.accounts.api.views import ApiKeyViewSet, MeView, SessionView

router = SimpleRouter(trailing_slash=False)
router.register("api-keys", ApiKeyViewSet, basename="api-key")

urlpatterns = [
    path("session", SessionView.as_view(), name="session"),
    path("me", MeView.as_view(), name="me"),
    path("members", MemberViewSet.as_view({"get": "list"}), name="members"),
    path("roles", RolesView.as_view(), name="roles"),
    *router.urls,
]
