"""Steps: one visit of one node each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from studio.common.admin import (
    MadeWithin,
    ReadOnlyAdmin,
    SearchById,
    badge,
    display,
    document,
    duration,
    link,
)
from studio.kernel import codec
from workflows.admin.labels import STATUS_LABELS, STEP_STATUSES
from workflows.models import Step


class StepStatus(admin.SimpleListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(status, status) for status in STEP_STATUSES]

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(status=self.value()) if self.value() else queryset


@admin.register(Step)
class StepAdmin(SearchById, ReadOnlyAdmin):
    list_display = ("node", "iteration", "kind", "status_label", "attempt", "took", "started_at", "execution")
    list_filter = (MadeWithin, StepStatus)
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("execution", "node", "kind", "iteration", "status_label", "reason", "port")}),
        ("Tries", {"fields": ("attempt", "handled", "shown_error", "shown_wait")}),
        ("Times", {"fields": ("queued_at", "started_at", "finished_at", "due_at", "took")}),
        ("Output", {"fields": ("shown_output",)}),
    )
    readonly_fields = ("execution", "status_label", "took", "shown_error", "shown_wait", "shown_output")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        rows: QuerySet[Step] = super().get_queryset(request)
        return rows.defer("memo")

    @display(description="Status")
    def status_label(self, step: Step) -> SafeString:
        return badge(f"{step.status} (handled)" if step.handled else step.status, STATUS_LABELS)

    @display(description="Took")
    def took(self, step: Step) -> str:
        return duration(step.started_at, step.finished_at)

    @display(description="Execution")
    def execution(self, step: Step) -> SafeString:
        url = reverse("admin:workflows_execution_change", args=[step.execution_id])
        return link(url, str(step.execution_id))

    @display(description="Error")
    def shown_error(self, step: Step) -> str | SafeString:
        return "-" if step.error is None else document(step.error)

    @display(description="Waits for")
    def shown_wait(self, step: Step) -> str | SafeString:
        return "-" if step.wait is None else document(step.wait)

    @display(description="Output")
    def shown_output(self, step: Step) -> str | SafeString:
        return "-" if step.output is None else document(codec.decode(step.output))
