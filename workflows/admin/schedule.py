"""When published workflows start by themselves."""

from __future__ import annotations

from django.contrib import admin

from studio.common.admin import ReadOnlyAdmin, SearchById, display
from workflows.models import Schedule


@admin.register(Schedule)
class ScheduleAdmin(SearchById, ReadOnlyAdmin):
    list_display = ("workflow", "node", "cron", "timezone", "misfire", "state", "next_at", "last_fired_at")
    list_filter = ("is_active", "misfire")
    list_select_related = ("workflow",)
    search_fields = ("workflow__name", "workflow__slug", "workspace__slug", "cron")
    search_help_text = "An id, a workflow, a workspace or a cron expression"

    @display(description="State", label={"active": "success", "off": "danger"})
    def state(self, schedule: Schedule) -> str:
        return "active" if schedule.is_active else "off"
