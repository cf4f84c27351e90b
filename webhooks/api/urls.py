"""Routes of webhooks below `/api/v1/`."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from webhooks.api.views import EventViewSet, SourceViewSet

router = SimpleRouter(trailing_slash=False)
router.register("webhooks/sources", SourceViewSet, basename="webhook-source")
router.register("webhooks/events", EventViewSet, basename="webhook-event")

urlpatterns = router.urls
