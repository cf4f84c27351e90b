"""Keys for programs."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from studio.accounts.models.workspace import Workspace
from studio.accounts.roles import Role
from studio.kernel.ids import uuid7


class ApiKey(models.Model):
    """`stu_<id>_<secret>`: the id finds the row; of the 256-bit secret only the SHA-256 is kept.

    A slow password hash would protect nothing here: a secret of that size cannot be guessed.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=200)
    secret_hash = models.BinaryField(max_length=32)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.EDITOR)
    scopes = ArrayField(
        models.CharField(max_length=60),
        null=True,
        blank=True,
        help_text="Narrows the role; NULL narrows nothing.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return self.name

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
