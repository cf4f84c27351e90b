"""Outputs that stand in for nodes while a draft is being worked on."""

from __future__ import annotations

from django.db import models

from studio.kernel.ids import uuid7
from workflows.models.workflow import Workflow


class Pin(models.Model):
    """What one node of a draft puts out without being run. Only runs that ask for pins see it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="pins")
    node = models.CharField(max_length=63)
    output = models.JSONField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["workflow", "node"], name="pin_once_per_node")]

    def __str__(self) -> str:
        return self.node
