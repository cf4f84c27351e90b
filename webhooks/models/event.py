"""What arrived, kept before it was acknowledged."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """One received request. The table is partitioned by time; see the migration."""

    class Status(models.TextChoices):
        STORED = "stored"
        PROCESSED = "processed"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, editable=False)
    workspace_id = models.UUIDField()
    source_id = models.UUIDField()
    workflow_id = models.UUIDField()
    node = models.TextField()
    status = models.TextField(choices=Status.choices)
    reason = models.TextField(null=True)  # noqa: DJ001 - NULL is "nothing to say"
    method = models.TextField()
    path = models.TextField(default="")
    query = models.TextField(default="")
    headers = models.JSONField()
    body = models.BinaryField()
    dedup_key = models.TextField(null=True)  # noqa: DJ001 - NULL: the sender names its events not
    execution_id = models.UUIDField(null=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "webhooks_event"
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.id)
