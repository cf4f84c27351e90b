"""Pages that may change accounts: each deed goes to the audit trail as well as to Django's own log."""

from __future__ import annotations

from typing import Any, cast

from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from studio.accounts import trail
from studio.accounts.access import Somebody, operator
from studio.accounts.models import User


def acting(request: HttpRequest) -> Somebody:
    """The member of staff behind a request to the console."""
    return operator(cast("User", request.user))


class AuditedAdmin(ModelAdmin):  # type: ignore[misc]
    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._record(request, obj, "created")
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._record(request, obj, "updated")
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset:
            self._record(request, row, "deleted")
        return super().log_deletions(request, queryset)

    def _record(self, request: HttpRequest, target: models.Model, deed: str) -> None:
        trail.record(f"{self.model._meta.model_name}.{deed}", target=target, by=acting(request))
