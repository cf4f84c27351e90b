"""Keys for programs: made here, shown once, and ended."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from studio.accounts.admin.audited import acting
from studio.accounts.models import ApiKey
from studio.accounts.roles import Role
from studio.accounts.services.api_keys import create_api_key, revoke_api_key
from studio.common.admin import action, apply_to_each, display
from studio.kernel.clock import utcnow

STATE_LABELS = {"live": "success", "revoked": "danger", "expired": "warning"}


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = (
        "name",
        "workspace",
        "role",
        "state",
        "created_by",
        "created_at",
        "last_used_at",
        "expires_at",
    )
    list_filter = ("role",)
    list_select_related = ("workspace", "created_by")
    search_fields = ("name", "workspace__slug")
    actions = ("revoke",)
    autocomplete_fields = ("workspace",)
    fields = (
        "id",
        "workspace",
        "name",
        "role",
        "scopes",
        "created_by",
        "created_at",
        "expires_at",
        "revoked_at",
    )

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return ("workspace", "name", "role", "expires_at") if obj is None else self.fields

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A key never changes: revoke it and make another."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A revoked key stays, so that what it did keeps a name."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    @display(description="State", label=STATE_LABELS)
    def state(self, key: ApiKey) -> str:
        if key.revoked_at is not None:
            return "revoked"
        return "live" if key.is_live(utcnow()) else "expired"

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        new = create_api_key(
            workspace=obj.workspace,
            name=obj.name,
            role=Role(obj.role),
            expires_at=obj.expires_at,
            by=acting(request),
        )
        obj.__dict__.update(new.key.__dict__)
        request._new_token = new.token  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the token in the answer itself: a message would put it into a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": "API key",
            "opts": self.opts,
            "key": obj,
            "token": request._new_token,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/api_key_created.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        apply_to_each(
            self, request, queryset, lambda key: revoke_api_key(key=key, by=acting(request)), "Revoked"
        )
