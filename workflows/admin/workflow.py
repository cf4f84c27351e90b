"""Workflows and their versions."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from studio.accounts.admin.audited import acting
from studio.common.admin import (
    ReadOnlyAdmin,
    SearchById,
    action,
    apply_to_each,
    badge,
    display,
    document,
    is_list_page,
)
from studio.kernel import codec
from workflows.admin.labels import STATUS_LABELS
from workflows.models import Version, Workflow
from workflows.services.workflows import pause_workflow, resume_workflow


class VersionInline(TabularInline):  # type: ignore[misc]
    model = Version
    fields = ("number", "note", "created_by", "created_at")
    readonly_fields = fields
    ordering = ("-number",)
    extra = 0
    per_page = 20
    can_delete = False
    show_change_link = True
    tab = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Workflow)
class WorkflowAdmin(SearchById, ReadOnlyAdmin):
    """What people edit in the canvas is shown here; the switches of operation can be turned."""

    list_display = ("name", "workspace", "status_label", "live_version", "draft_state", "updated_at")
    list_filter = ("status",)
    list_select_related = ("workspace",)
    actions = ("pause", "resume")
    search_fields = ("name", "slug", "workspace__slug")
    search_help_text = "An id, a name, a slug or a workspace"
    inlines: ClassVar[list[type[TabularInline]]] = [VersionInline]
    fieldsets = (
        (
            None,
            {"fields": ("name", "slug", "workspace", "status_label", "live_version", "description", "tags")},
        ),
        ("Times", {"fields": ("created_by", "created_at", "updated_at", "revision")}),
        ("Draft", {"fields": ("shown_problems", "shown_draft"), "classes": ["tab"]}),
    )
    readonly_fields = ("status_label", "live_version", "shown_problems", "shown_draft")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workflow]:
        rows: QuerySet[Workflow] = super().get_queryset(request)
        return rows.defer("draft") if is_list_page(request) else rows

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("workflows.change_workflow")

    @action(description="Pause: triggers start nothing", permissions=["operate"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Workflow]) -> None:
        by = acting(request)
        apply_to_each(
            self,
            request,
            queryset,
            lambda row: pause_workflow(workspace=row.workspace, workflow_id=row.pk, by=by),
            "Paused",
        )

    @action(description="Resume: triggers start it again", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Workflow]) -> None:
        by = acting(request)
        apply_to_each(
            self,
            request,
            queryset,
            lambda row: resume_workflow(workspace=row.workspace, workflow_id=row.pk, by=by),
            "Resumed",
        )

    @display(description="Status", ordering="status")
    def status_label(self, workflow: Workflow) -> SafeString:
        return badge(workflow.status, STATUS_LABELS)

    @display(description="Published", ordering="published_version")
    def live_version(self, workflow: Workflow) -> str:
        return "-" if workflow.published_version is None else f"version {workflow.published_version}"

    @display(description="Draft", label={"ready": "success", "has problems": "warning"})
    def draft_state(self, workflow: Workflow) -> str:
        return "has problems" if workflow.problems else "ready"

    @display(description="Problems")
    def shown_problems(self, workflow: Workflow) -> str | SafeString:
        return document(workflow.problems) if workflow.problems else "None"

    @display(description="Draft definition")
    def shown_draft(self, workflow: Workflow) -> SafeString:
        return document(workflow.draft)


@admin.register(Version)
class VersionAdmin(ReadOnlyAdmin):
    """A definition as it was published."""

    list_display = ("workflow", "number", "note", "created_by", "created_at")
    list_select_related = ("workflow", "created_by")
    search_fields = ("workflow__name", "workflow__slug")
    fields = ("workflow", "number", "note", "created_by", "created_at", "shown_definition")
    readonly_fields = ("shown_definition",)

    @display(description="Definition")
    def shown_definition(self, version: Version) -> SafeString:
        return document(codec.decode(version.definition.body))
