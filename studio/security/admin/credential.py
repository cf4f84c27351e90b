"""Credentials by name and kind. The secret is not even loaded."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from studio.common.admin import ReadOnlyAdmin, SearchById, display
from studio.security.models import Credential


@admin.register(Credential)
class CredentialAdmin(SearchById, ReadOnlyAdmin):
    list_display = (
        "name",
        "workspace",
        "kind_label",
        "fields_held",
        "revision",
        "last_used_at",
        "updated_at",
    )
    list_filter = ("kind",)
    list_select_related = ("workspace",)
    search_fields = ("name", "workspace__slug")
    search_help_text = "An id, a name or a workspace"
    fields = (
        "name",
        "workspace",
        "kind",
        "fields_held",
        "revision",
        "created_by",
        "created_at",
        "updated_at",
        "last_used_at",
    )
    readonly_fields = ("fields_held",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        rows: QuerySet[Credential] = super().get_queryset(request)
        return rows.defer("secret")

    @display(description="Kind", label="info")
    def kind_label(self, credential: Credential) -> str:
        return credential.kind

    @display(description="Holds")
    def fields_held(self, credential: Credential) -> str:
        return ", ".join(credential.field_names) or "-"
