"""Breakers: what is out of order, and holding one open or closed by hand."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from studio.accounts.admin.audited import acting
from studio.common.admin import ReadOnlyAdmin, SearchById, action, apply_to_each, badge, display
from studio.kernel.clock import utcnow
from studio.operations.breaker_address import configured_plan
from studio.operations.models import Breaker
from studio.operations.services.breakers import Deed, address_of, force_breaker

PHASE_LABELS = {
    "closed": "success",
    "half open": "warning",
    "open": "danger",
    "held open": "danger",
    "held closed": "info",
}


class ForceForm(ActionForm):  # type: ignore[misc]
    """Beside the choice of action: why, and for how long."""

    reason = forms.CharField(
        required=False, max_length=500, widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Reason"})
    )
    minutes = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=30 * 24 * 60,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"placeholder": "Minutes, else until it is reset"}),
    )


@admin.register(Breaker)
class BreakerAdmin(SearchById, ReadOnlyAdmin):
    list_display = ("key", "scope", "phase_label", "calls", "trips", "until", "held", "since")
    list_filter = ("phase", "kind")
    list_select_related = ("workspace",)
    ordering = ("-since",)
    actions = ("force_open", "force_close", "reset")
    action_form = ForceForm
    search_fields = ("key",)
    search_help_text = "An id or a part of the key"
    fieldsets: ClassVar = (
        (None, {"fields": ("key", "scope", "phase_label", "since", "until")}),
        ("Calls", {"fields": ("calls", "trips", "refused", "error_code")}),
        ("Operators", {"fields": ("held", "reason", "set_by")}),
    )
    readonly_fields = ("scope", "phase_label", "calls", "trips", "refused", "held")

    def has_force_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("operations.change_breaker")

    @action(description="Hold open: let no call pass", permissions=["force"])
    def force_open(self, request: HttpRequest, queryset: QuerySet[Breaker]) -> None:
        self._force(request, queryset, "open", "Held open")

    @action(description="Hold closed: let every call pass", permissions=["force"])
    def force_close(self, request: HttpRequest, queryset: QuerySet[Breaker]) -> None:
        self._force(request, queryset, "close", "Held closed")

    @action(description="Reset: forget failures and what was forced", permissions=["force"])
    def reset(self, request: HttpRequest, queryset: QuerySet[Breaker]) -> None:
        self._force(request, queryset, "reset", "Reset")

    def _force(self, request: HttpRequest, queryset: QuerySet[Breaker], deed: Deed, done: str) -> None:
        by = acting(request)
        reason = request.POST.get("reason", "")[:500]
        minutes = request.POST.get("minutes", "")
        seconds = float(minutes) * 60 if minutes.isdigit() else None

        def force(row: Breaker) -> None:
            force_breaker(address=address_of(row), deed=deed, by=by, reason=reason, expires_in=seconds)

        apply_to_each(self, request, queryset, force, done)

    @display(description="Workspace", ordering="workspace")
    def scope(self, breaker: Breaker) -> str:
        return "all" if breaker.workspace_id is None else str(breaker.workspace)

    @display(description="State", ordering="phase")
    def phase_label(self, breaker: Breaker) -> SafeString:
        phase = breaker.phase.replace("_", " ")
        return badge(f"held {phase}" if breaker.machine.forced else phase, PHASE_LABELS)

    @display(description="Calls in the window")
    def calls(self, breaker: Breaker) -> str:
        good, failed = breaker.machine.counts(configured_plan(), utcnow().timestamp())
        return f"{failed} of {good + failed} failed" if good + failed else "-"

    @display(description="Openings in a row")
    def trips(self, breaker: Breaker) -> int:
        return breaker.machine.trips

    @display(description="Calls not made")
    def refused(self, breaker: Breaker) -> int:
        return breaker.machine.refused

    @display(description="Held by")
    def held(self, breaker: Breaker) -> str:
        return f"{breaker.set_by}: {breaker.reason}" if breaker.set_by else "-"
