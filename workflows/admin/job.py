"""Jobs: one verb over many executions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from studio.accounts.admin.audited import acting
from studio.common.admin import (
    MadeWithin,
    ReadOnlyAdmin,
    SearchById,
    action,
    apply_to_each,
    badge,
    display,
    document,
)
from workflows.models import Job
from workflows.services.jobs import abort_job, continue_job, pause_job

_COLOURS = {"running": "info", "paused": "warning", "stopped": "danger", "finished": "success"}


@admin.register(Job)
class JobAdmin(SearchById, ReadOnlyAdmin):
    list_display = ("verb", "state_label", "progress", "failed", "workspace", "asked_by", "created_at")
    list_filter = ("state", "verb", MadeWithin)
    list_select_related = ("workspace",)
    actions = ("pause", "go_on", "abort")
    fieldsets = (
        (None, {"fields": (("verb", "state_label"), ("workspace", "error_group"), "shown_stop_reason")}),
        (
            "Progress",
            {
                "fields": (
                    ("total", "started"),
                    ("done", "failed"),
                    ("skipped", "stage"),
                    ("canary", "per_second"),
                )
            },
        ),
        ("What was asked for", {"fields": ("shown_asked", "asked_by", ("created_at", "finished_at"))}),
    )
    readonly_fields = ("state_label", "shown_stop_reason", "shown_asked", "asked_by")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("workflows.change_job")

    @action(description="Pause", permissions=["operate"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._each(request, queryset, pause_job, "Paused")

    @action(description="Continue", permissions=["operate"])
    def go_on(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._each(request, queryset, continue_job, "Continued")

    @action(description="Abort", permissions=["operate"])
    def abort(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._each(request, queryset, abort_job, "Aborted")

    def _each(self, request: HttpRequest, rows: QuerySet[Job], verb: Any, done: str) -> None:
        by = acting(request)
        apply_to_each(
            self,
            request,
            rows.select_related("workspace"),
            lambda job: verb(workspace=job.workspace, job_id=job.pk, by=by),
            done,
        )

    @display(description="State", ordering="state")
    def state_label(self, job: Job) -> SafeString:
        return badge(job.state, _COLOURS)

    @display(description="Done")
    def progress(self, job: Job) -> str:
        return f"{job.done} of {job.total}"

    @display(description="Asked by")
    def asked_by(self, job: Job) -> str:
        return str(job.actor.get("name", "-"))

    @display(description="Why it stopped")
    def shown_stop_reason(self, job: Job) -> str | SafeString:
        return "-" if job.stop_reason is None else document(job.stop_reason)

    @display(description="Executions")
    def shown_asked(self, job: Job) -> SafeString:
        return document({"asked": job.asked, "options": job.options})
