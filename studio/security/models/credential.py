"""Secrets that nodes use by reference."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from studio.kernel.ids import uuid7


class Credential(models.Model):
    """Encrypted fields of a kind (`http.basic`, `http.bearer`, `webhook.secret` …); written, never read back."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=60)
    secret = models.BinaryField(help_text="The fields, encrypted; see studio.security.encryption.")
    field_names = ArrayField(models.CharField(max_length=60), default=list)
    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="credential_name_once_per_workspace")
        ]

    def __str__(self) -> str:
        return self.name
