"""Addresses at which events arrive."""

from __future__ import annotations

from django.contrib import admin

from studio.common.admin import ReadOnlyAdmin, SearchById, display
from webhooks.models import Source


@admin.register(Source)
class SourceAdmin(SearchById, ReadOnlyAdmin):
    list_display = ("workflow", "node", "address", "accepted", "authentication_label", "state", "updated_at")
    list_filter = ("is_active", "authentication")
    list_select_related = ("workflow", "workspace")
    search_fields = ("workflow__name", "workflow__slug", "workspace__slug")
    search_help_text = "An id, a workflow or a workspace"
    fields = (
        "workflow",
        "workspace",
        "node",
        "address",
        "accepted",
        "authentication",
        "credential_id",
        "is_active",
        "created_at",
        "updated_at",
    )
    readonly_fields = ("address", "accepted")

    @display(description="Address")
    def address(self, source: Source) -> str:
        """Its beginning only: whoever knows all of it can send to a source without authentication."""
        return f"/hooks/{source.token[:6]}…"

    @display(description="Methods")
    def accepted(self, source: Source) -> str:
        return ", ".join(source.methods)

    @display(description="Authentication", label={"none": "warning"})
    def authentication_label(self, source: Source) -> str:
        return source.authentication

    @display(description="State", label={"active": "success", "off": "danger"})
    def state(self, source: Source) -> str:
        return "active" if source.is_active else "off"
