"""Users, workspaces and what ties them together."""

from studio.accounts.models.api_key import ApiKey
from studio.accounts.models.user import User
from studio.accounts.models.workspace import Membership, Workspace

__all__ = ["ApiKey", "Membership", "User", "Workspace"]
