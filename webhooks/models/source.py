"""The address of a `trigger.webhook` node."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from studio.kernel.ids import uuid7


class Source(models.Model):
    """`/hooks/<token>` of one trigger node; the token outlives versions until somebody rotates it.

    The token is kept as it is: people must be able to read the address again, and knowing it is not the proof
    of who sends. That proof is `authentication` with its credential.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    workflow = models.ForeignKey(
        "workflows.Workflow", on_delete=models.CASCADE, related_name="webhook_sources"
    )
    node = models.CharField(max_length=63)
    token = models.CharField(max_length=64, unique=True)
    methods = ArrayField(models.CharField(max_length=7), default=list)
    authentication = models.CharField(max_length=30, default="none")
    credential_id = models.UUIDField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["workflow", "node"], name="source_once_per_node")]

    def __str__(self) -> str:
        return f"{self.workflow} · {self.node}"
