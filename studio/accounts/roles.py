"""Roles, from the least to the most that may be done in a workspace."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """viewer reads; operator also runs and repairs; editor also edits; admin also manages; owner also bills."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    EDITOR = "editor"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        return list(Role).index(self)

    def includes(self, other: Role) -> bool:
        """Whether this role may do all that `other` may."""
        return self.rank >= other.rank
