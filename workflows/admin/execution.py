"""Executions: history that is read, and the few verbs that operators have."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
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
    duration,
)
from studio.kernel import codec
from studio.kernel.ids import step_range
from studio.operations.queues import QUEUES
from workflows.admin.labels import STATUS_LABELS
from workflows.models import Execution, Payload, Step
from workflows.services.executions import cancel_execution
from workflows.services.holds import continue_execution, pause_execution

STEPS_SHOWN = 200
_TRIGGERS = ("trigger.manual", "trigger.webhook", "trigger.schedule", "flow.workflow")


class _ByColumn(admin.SimpleListFilter):
    """Fixed choices: asking a table of millions which values it holds would take seconds."""

    choices_shown: ClassVar[tuple[str, ...]] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value.replace("_", " ")) for value in self.choices_shown]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Execution]) -> QuerySet[Execution]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class ByStatus(_ByColumn):
    title = "status"
    parameter_name = "status"
    choices_shown = tuple(Execution.Status.values)


class ByQueue(_ByColumn):
    title = "queue"
    parameter_name = "queue"
    choices_shown = QUEUES


class ByTrigger(_ByColumn):
    title = "trigger"
    parameter_name = "trigger_kind"
    choices_shown = _TRIGGERS


@admin.register(Execution)
class ExecutionAdmin(SearchById, ReadOnlyAdmin):
    list_display = (
        "short_id",
        "workflow_name",
        "status_label",
        "why",
        "trigger_kind",
        "queue",
        "created_at",
        "took",
    )
    list_filter = (MadeWithin, ByStatus, ByTrigger, ByQueue)
    actions = ("cancel", "pause", "go_on")
    search_fields = ("workflow__slug", "workspace__slug")
    search_help_text = "A whole id, or the slug of a workflow or workspace"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("workflow_name", "workspace"),
                    ("status_label", "why"),
                    ("trigger_kind", "took"),
                    ("created_at", "finished_at"),
                )
            },
        ),
        ("Steps", {"fields": ("shown_steps",)}),
        ("Documents", {"fields": ("shown_error", "shown_input", "shown_output")}),
        (
            "Place and lineage",
            {
                "fields": (
                    ("id", "tags"),
                    ("queue", "region"),
                    ("priority", "trigger_node"),
                    ("parent_id", "resumed_from"),
                    ("owner", "epoch"),
                    ("losses", "depth"),
                    ("started_at", "due_at"),
                    ("active_seconds", "definition_id"),
                )
            },
        ),
    )
    readonly_fields = (
        "status_label",
        "why",
        "workflow_name",
        "took",
        "shown_steps",
        "shown_error",
        "shown_input",
        "shown_output",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Execution]:
        rows: QuerySet[Execution] = super().get_queryset(request)
        return rows.select_related("workflow")

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("workflows.change_execution")

    @action(description="Cancel", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Execution]) -> None:
        by = acting(request)
        apply_to_each(
            self,
            request,
            queryset.select_related("workspace"),
            lambda row: cancel_execution(workspace=row.workspace, execution_id=row.pk, by=by),
            "Asked to end",
        )

    @action(description="Pause", permissions=["cancel"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Execution]) -> None:
        by = acting(request)
        apply_to_each(
            self,
            request,
            queryset.select_related("workspace"),
            lambda row: pause_execution(workspace=row.workspace, execution_id=row.pk, by=by),
            "Asked to pause",
        )

    @action(description="Continue", permissions=["cancel"])
    def go_on(self, request: HttpRequest, queryset: QuerySet[Execution]) -> None:
        by = acting(request)
        apply_to_each(
            self,
            request,
            queryset.select_related("workspace"),
            lambda row: continue_execution(workspace=row.workspace, execution_id=row.pk, by=by),
            "Let go on",
        )

    @display(description="Execution", ordering="id")
    def short_id(self, execution: Execution) -> str:
        """The random end: ids of one minute begin alike."""
        return f"…{str(execution.id)[-12:]}"

    @display(description="Workflow")
    def workflow_name(self, execution: Execution) -> str:
        if execution.workflow_id is None:
            return "(unsaved definition)"
        # The row may be gone: executions outlive their workflow.
        workflow = execution._state.fields_cache.get("workflow")
        name = workflow.name if workflow is not None else str(execution.workflow_id)
        return name if execution.version is None else f"{name} · v{execution.version}"

    @display(description="Status")
    def status_label(self, execution: Execution) -> SafeString:
        return badge(execution.status, STATUS_LABELS)

    @display(description="Why")
    def why(self, execution: Execution) -> str:
        """The error's or the reason's code."""
        said = execution.error or execution.reason or {}
        return str(said.get("code", "")) if isinstance(said, dict) else str(said)

    @display(description="Took")
    def took(self, execution: Execution) -> str:
        return duration(execution.started_at, execution.finished_at)

    @display(description="")
    def shown_steps(self, execution: Execution) -> SafeString:
        first, last = step_range(execution.id)
        steps = Step.objects.filter(id__gte=first, id__lte=last).defer("output", "memo")
        found = sorted(
            steps[: STEPS_SHOWN + 1], key=lambda step: (step.started_at is None, step.started_at, step.seq)
        )
        rows = [
            {
                "step": step,
                "label": STATUS_LABELS.get(step.status, ""),
                "took": duration(step.started_at, step.finished_at),
                "error": (step.error or {}).get("message", "") if isinstance(step.error, dict) else "",
            }
            for step in found[:STEPS_SHOWN]
        ]
        return render_to_string(
            "admin/execution_steps.html", {"rows": rows, "more": len(found) > STEPS_SHOWN}
        )

    @display(description="Error")
    def shown_error(self, execution: Execution) -> str | SafeString:
        return "-" if execution.error is None else document(execution.error)

    @display(description="Input")
    def shown_input(self, execution: Execution) -> str | SafeString:
        payload = Payload.objects.filter(pk=execution.pk).only("input").first()
        return "-" if payload is None or payload.input is None else document(codec.decode(payload.input))

    @display(description="Output")
    def shown_output(self, execution: Execution) -> str | SafeString:
        payload = Payload.objects.filter(pk=execution.pk).only("output").first()
        return "-" if payload is None or payload.output is None else document(codec.decode(payload.output))
