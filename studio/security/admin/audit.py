"""Who did what: read, never written here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from studio.common.admin import MadeWithin, ReadOnlyAdmin, SearchById, display, document
from studio.security.models import AuditEntry


class ActorKind(admin.SimpleListFilter):
    title = "actor"
    parameter_name = "actor"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind.replace("_", " ")) for kind in ("user", "api_key", "operator", "system")]

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(actor_kind=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(SearchById, ReadOnlyAdmin):
    list_display = ("at", "action_label", "target", "actor", "address", "workspace_id")
    list_filter = (MadeWithin, ActorKind)
    search_fields = ("action", "target_id", "target_name", "actor_name", "request_id")
    search_help_text = "An id, an action, a name or a request id"
    fieldsets = (
        (None, {"fields": ("at", "action", "workspace_id")}),
        ("Who", {"fields": ("actor_kind", "actor_name", "actor_id", "address", "request_id")}),
        ("What", {"fields": ("target_kind", "target_name", "target_id", "shown_details")}),
    )
    readonly_fields = ("shown_details",)

    @display(description="Action", label=True, ordering="action")
    def action_label(self, entry: AuditEntry) -> str:
        return entry.action

    @display(description="Target")
    def target(self, entry: AuditEntry) -> str:
        return f"{entry.target_kind} {entry.target_name or entry.target_id}".strip()

    @display(description="By")
    def actor(self, entry: AuditEntry) -> str:
        return f"{entry.actor_name or entry.actor_id or '-'} ({entry.actor_kind.replace('_', ' ')})"

    @display(description="Details")
    def shown_details(self, entry: AuditEntry) -> SafeString:
        return document(entry.details)
