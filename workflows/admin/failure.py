"""Error groups and dead letters: what failed, and what is done about it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
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
    link,
)
from workflows.models import DeadLetter, ErrorGroup, ErrorGroupWorkflow, Execution
from workflows.services.dead_letters import discard_dead_letter, retry_dead_letter
from workflows.services.error_groups import (
    explain,
    ignore_group,
    reopen_group,
    resolve_group,
    retry_group,
    retry_request,
)

SAMPLES = 10
_COLOURS = {
    "new": "danger",
    "regressed": "danger",
    "ongoing": "warning",
    "resolved": "success",
    "ignored": "",
    "open": "danger",
    "retried": "success",
    "discarded": "",
}


@admin.register(ErrorGroup)
class ErrorGroupAdmin(SearchById, ReadOnlyAdmin):
    list_display = ("title", "state_label", "count", "kind", "workspace", "first_seen_at", "last_seen_at")
    list_filter = ("state", "category", MadeWithin)
    list_select_related = ("workspace",)
    search_fields = ("code", "template", "workspace__slug")
    search_help_text = "A whole id, a code, part of a message, or a workspace's slug"
    actions = ("resolve", "ignore", "reopen", "retry")
    fieldsets = (
        (None, {"fields": (("title", "state_label"), ("workspace", "count"), "message", "shown_workflows")}),
        ("Why it is one", {"fields": (("kind", "category"), "template", "shown_why", "fingerprint")}),
        ("Executions", {"fields": ("shown_samples", ("first_seen_at", "last_seen_at"))}),
        (
            "What was done",
            {"fields": (("ignored_until", "ignored_until_count"), ("resolved_at", "resolved_by"))},
        ),
    )
    readonly_fields = ("title", "state_label", "shown_workflows", "shown_why", "shown_samples")

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("workflows.change_errorgroup")

    @action(description="Resolve", permissions=["settle"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> None:
        self._each(request, queryset, resolve_group, "Resolved")

    @action(description="Ignore", permissions=["settle"])
    def ignore(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> None:
        self._each(request, queryset, ignore_group, "Ignored")

    @action(description="Reopen", permissions=["settle"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> None:
        self._each(request, queryset, reopen_group, "Reopened")

    @action(description="Retry all on the published version: one, ten, all", permissions=["settle"])
    def retry(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> None:
        by = acting(request)
        apply_to_each(
            self,
            request,
            queryset.select_related("workspace"),
            lambda group: retry_group(
                workspace=group.workspace,
                group=group,
                request=retry_request(group, version="published"),
                by=by,
            ),
            "Jobs started",
        )

    def _each(self, request: HttpRequest, rows: QuerySet[ErrorGroup], verb: Any, done: str) -> None:
        by = acting(request)
        apply_to_each(
            self,
            request,
            rows.select_related("workspace"),
            lambda group: verb(workspace=group.workspace, group_id=group.pk, by=by),
            done,
        )

    @display(description="Error")
    def title(self, group: ErrorGroup) -> str:
        return str(group)

    @display(description="State", ordering="state")
    def state_label(self, group: ErrorGroup) -> SafeString:
        return badge(group.state, _COLOURS)

    @display(description="Workflows")
    def shown_workflows(self, group: ErrorGroup) -> str:
        hits = ErrorGroupWorkflow.objects.filter(error_group=group).select_related("workflow")
        return (
            ", ".join(f"{hit.workflow.name} ({hit.count})" for hit in hits.order_by("-count")[:SAMPLES])
            or "-"
        )

    @display(description="Rules")
    def shown_why(self, group: ErrorGroup) -> SafeString:
        return document(explain(group))

    @display(description="Latest")
    def shown_samples(self, group: ErrorGroup) -> SafeString:
        latest = Execution.objects.filter(workspace_id=group.workspace_id, error_group=group).order_by("-pk")
        return format_html_join(
            ", ", "{}", ((_execution_link(pk),) for pk in latest.values_list("pk", flat=True)[:SAMPLES])
        )


@admin.register(DeadLetter)
class DeadLetterAdmin(SearchById, ReadOnlyAdmin):
    list_display = ("execution", "state_label", "code", "reason", "losses", "created_at", "settled_by")
    list_filter = (MadeWithin, "state")
    actions = ("retry", "discard")
    fields = (
        "execution", "state_label", "code", "reason", "losses", "created_at", "settled_at", "settled_by",
        "shown_retry",
    )  # fmt: skip
    readonly_fields = ("execution", "state_label", "shown_retry")

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("workflows.change_deadletter")

    @action(description="Retry", permissions=["settle"])
    def retry(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        self._each(request, queryset, retry_dead_letter, "Retried")

    @action(description="Discard", permissions=["settle"])
    def discard(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        self._each(request, queryset, discard_dead_letter, "Discarded")

    def _each(self, request: HttpRequest, rows: QuerySet[DeadLetter], verb: Any, done: str) -> None:
        by = acting(request)
        apply_to_each(
            self,
            request,
            rows.select_related("workspace"),
            lambda letter: verb(workspace=letter.workspace, letter_id=letter.pk, by=by),
            done,
        )

    @display(description="Execution")
    def execution(self, letter: DeadLetter) -> str:
        return str(letter.pk)

    @display(description="State", ordering="state")
    def state_label(self, letter: DeadLetter) -> SafeString:
        return badge(letter.state, _COLOURS)

    @display(description="Retried as")
    def shown_retry(self, letter: DeadLetter) -> str | SafeString:
        return "-" if letter.retried_as is None else _execution_link(letter.retried_as)


def _execution_link(execution_id: Any) -> SafeString:
    return link(reverse("admin:workflows_execution_change", args=[execution_id]), str(execution_id))
