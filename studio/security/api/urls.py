"""Routes of security below `/api/v1/`."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from studio.security.api.views import AuditViewSet, CredentialViewSet

router = SimpleRouter(trailing_slash=False)
router.register("credentials", CredentialViewSet, basename="credential")
router.register("audit", AuditViewSet, basename="audit")

urlpatterns = router.urls
