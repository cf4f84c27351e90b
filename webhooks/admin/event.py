"""What arrived, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from studio.common.admin import (
    SHOWN_CHARACTERS,
    MadeWithin,
    ReadOnlyAdmin,
    SearchById,
    badge,
    display,
    document,
    is_list_page,
    link,
)
from studio.kernel.redact import redact
from webhooks.models import Event

STATUS_LABELS = {"stored": "warning", "processed": "success", "refused": "danger"}


class EventStatus(admin.SimpleListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return Event.Status.choices

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(SearchById, ReadOnlyAdmin):
    list_display = ("received_at", "status_label", "method", "node", "dedup_key", "execution", "reason")
    list_filter = (MadeWithin, EventStatus)
    fieldsets = (
        (None, {"fields": ("status_label", "reason", "received_at", "processed_at", "execution")}),
        ("From", {"fields": ("source_id", "workflow_id", "workspace_id", "node", "dedup_key")}),
        ("Request", {"fields": ("method", "path", "query", "shown_headers", "shown_body")}),
    )
    readonly_fields = ("status_label", "execution", "shown_headers", "shown_body")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        rows: QuerySet[Event] = super().get_queryset(request)
        return rows.defer("body", "headers") if is_list_page(request) else rows

    @display(description="Status")
    def status_label(self, event: Event) -> SafeString:
        return badge(event.status, STATUS_LABELS)

    @display(description="Execution")
    def execution(self, event: Event) -> str | SafeString:
        if event.execution_id is None:
            return "-"
        url = reverse("admin:workflows_execution_change", args=[event.execution_id])
        return link(url, str(event.execution_id))

    @display(description="Headers")
    def shown_headers(self, event: Event) -> SafeString:
        return document(redact(event.headers))

    @display(description="Body")
    def shown_body(self, event: Event) -> SafeString:
        return document(bytes(event.body[:SHOWN_CHARACTERS]).decode("utf-8", "replace"))
