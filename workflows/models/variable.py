"""Values that a workspace's expressions read as `vars`."""

from __future__ import annotations

from django.db import models

from studio.kernel.ids import uuid7


class Variable(models.Model):
    """One name and its JSON value; no secrets, those are credentials."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=63)
    value = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="variable_name_once_per_workspace")
        ]

    def __str__(self) -> str:
        return self.name
