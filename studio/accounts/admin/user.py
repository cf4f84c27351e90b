"""People: who may sign in, and who operates this installation."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from studio.accounts.admin.audited import AuditedAdmin
from studio.accounts.models import Membership, User
from studio.common.admin import display

admin.site.unregister(Group)


class _UserCreationForm(UserCreationForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = ("email", "name")


class MembershipInline(TabularInline):  # type: ignore[misc]
    model = Membership
    fields = ("workspace", "role")
    autocomplete_fields = ("workspace",)
    extra = 0
    tab = True


@admin.register(User)
class UserAdmin(AuditedAdmin, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """Users sign in by e-mail; staff may open this console and Flower."""

    form = UserChangeForm
    add_form = _UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active_label", "is_staff_label", "last_login", "created_at")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "created_at")
    filter_horizontal = ("user_permissions",)
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        ("Times", {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),)
    inlines: ClassVar[list[type[TabularInline]]] = [MembershipInline]

    @display(description="Status", label={"active": "success", "inactive": "danger"})
    def is_active_label(self, user: User) -> str:
        return "active" if user.is_active else "inactive"

    @display(description="Operator", label={"superuser": "warning", "staff": "info"})
    def is_staff_label(self, user: User) -> str:
        if user.is_superuser:
            return "superuser"
        return "staff" if user.is_staff else ""

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are made inactive, so that what they did keeps a name."""
        return False
