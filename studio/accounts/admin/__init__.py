"""Operators' pages of users, workspaces, memberships and API keys."""

from studio.accounts.admin.api_key import ApiKeyAdmin
from studio.accounts.admin.user import UserAdmin
from studio.accounts.admin.workspace import MembershipAdmin, WorkspaceAdmin

__all__ = ["ApiKeyAdmin", "MembershipAdmin", "UserAdmin", "WorkspaceAdmin"]
