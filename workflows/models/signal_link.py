"""Links that decide one wait without signing in."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from studio.kernel.ids import uuid7


class SignalLink(models.Model):
    """A link to one signal of one execution, good once; its secret is kept as a hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    execution_id = models.UUIDField()
    name = models.CharField(max_length=200)
    secret_hash = models.BinaryField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="What is done through the link is done in this person's name.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["execution_id"], name="signal_link_execution")]

    def __str__(self) -> str:
        return self.name
