"""Worker processes: who lives, what they hold, and asking one to leave."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from studio.accounts.admin.audited import acting
from studio.common.admin import ReadOnlyAdmin, SearchById, action, apply_to_each, badge, display
from studio.kernel.clock import utcnow
from studio.operations.models import Worker
from studio.operations.services.workers import drain_worker

LATE_AFTER = timedelta(seconds=2)
STATUS_LABELS = {
    "alive": "success",
    "draining": "warning",
    "late": "warning",
    "dead": "danger",
    "stopped": "",
}


@admin.register(Worker)
class WorkerAdmin(SearchById, ReadOnlyAdmin):
    list_display = (
        "name",
        "status_label",
        "serves",
        "load",
        "finished",
        "lag",
        "heartbeat",
        "started_at",
    )
    list_filter = ("status", "region")
    actions = ("drain",)
    search_fields = ("name", "host")
    search_help_text = "An id, a name or a host"
    fieldsets: ClassVar = (
        (None, {"fields": ("name", "status_label", "serves", "region", "version")}),
        ("Process", {"fields": ("host", "pid", "started_at", "stopped_at")}),
        ("Load", {"fields": ("load", "finished", "lag")}),
        ("Lease", {"fields": ("heartbeat_at", "heartbeat", "lease_until", "loss_counts")}),
    )
    readonly_fields = ("status_label", "serves", "load", "lag", "heartbeat")

    def has_drain_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("operations.change_worker")

    @action(description="Drain: hand on what it holds and leave", permissions=["drain"])
    def drain(self, request: HttpRequest, queryset: QuerySet[Worker]) -> None:
        by = acting(request)
        apply_to_each(self, request, queryset, lambda row: drain_worker(worker_id=row.pk, by=by), "Draining")

    @display(description="Status", ordering="status")
    def status_label(self, worker: Worker) -> SafeString:
        is_late = worker.status == Worker.Status.ALIVE and utcnow() - worker.heartbeat_at > LATE_AFTER
        return badge("late" if is_late else worker.status, STATUS_LABELS)

    @display(description="Queues")
    def serves(self, worker: Worker) -> str:
        return ", ".join(worker.queues)

    @display(description="In flight", ordering="in_flight")
    def load(self, worker: Worker) -> str:
        return f"{worker.in_flight} of {worker.slots}"

    @display(description="Loop lag", ordering="loop_lag_ms")
    def lag(self, worker: Worker) -> str:
        return f"{worker.loop_lag_ms:.1f} ms"

    @display(description="Heartbeat", ordering="heartbeat_at")
    def heartbeat(self, worker: Worker) -> str:
        age = utcnow() - worker.heartbeat_at
        if age < timedelta(seconds=1):
            return "now"
        return (
            f"{age.seconds} s ago" if age < timedelta(minutes=1) else f"{timesince(worker.heartbeat_at)} ago"
        )
