"""Tenants and their members."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from studio.accounts.admin.audited import AuditedAdmin
from studio.accounts.models import Membership, Workspace
from studio.common.admin import display

ROLE_LABELS = {"owner": "warning", "admin": "info", "editor": "success", "operator": "success"}


class MemberInline(TabularInline):  # type: ignore[misc]
    model = Membership
    fields = ("user", "role")
    autocomplete_fields = ("user",)
    extra = 0
    tab = True


@admin.register(Workspace)
class WorkspaceAdmin(AuditedAdmin, ModelAdmin):  # type: ignore[misc]
    list_display = ("name", "slug", "tier_label", "region", "members", "created_at")
    list_filter = ("tier", "region")
    search_fields = ("name", "slug")
    readonly_fields = ("created_at",)
    inlines: ClassVar[list[type[TabularInline]]] = [MemberInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        rows: QuerySet[Workspace] = super().get_queryset(request)
        return rows.annotate(member_count=Count("memberships"))

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        """Deleting a tenant is its owner's decision, not a click in a list."""
        return False

    @display(description="Tier", label={"free": "", "pro": "info", "enterprise": "warning"})
    def tier_label(self, workspace: Workspace) -> str:
        return workspace.tier

    @display(description="Members")
    def members(self, workspace: Workspace) -> int:
        return int(getattr(workspace, "member_count", 0))


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin, ModelAdmin):  # type: ignore[misc]
    list_display = ("user", "workspace", "role_label", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "workspace")
    search_fields = ("user__email", "workspace__slug", "workspace__name")
    autocomplete_fields = ("user", "workspace")

    @display(description="Role", label=ROLE_LABELS)
    def role_label(self, membership: Membership) -> str:
        return membership.role
