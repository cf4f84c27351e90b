"""Keys that make "once" true: small, unpartitioned, with an expiry."""

from __future__ import annotations

from django.db import models

from studio.kernel.ids import uuid7


class IdempotencyKey(models.Model):
    """What a caller's key started. `ref` is NULL while the first request with the key is still at work.

    `answer` is what that request was answered, for routes whose result is not simply an execution.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace_id = models.UUIDField()
    scope = models.TextField(help_text="The route, or what else keeps equal keys of different meaning apart.")
    key = models.TextField()
    body_hash = models.BinaryField()
    ref = models.UUIDField(null=True)
    answer = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "scope", "key"], name="idempotency_key_once")
        ]
        indexes = [models.Index(fields=["expires_at"], name="idempotency_expiry")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
