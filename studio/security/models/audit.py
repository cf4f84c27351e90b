"""Who did what to what, and when; written once, never changed."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One deed. The table is partitioned by time (see the migration); rows are only ever inserted."""

    id = models.UUIDField(primary_key=True, editable=False)
    workspace_id = models.UUIDField(null=True)
    actor_kind = models.TextField(help_text="user, api_key, operator or system")
    actor_id = models.UUIDField(null=True)
    actor_name = models.TextField(default="")
    action = models.TextField(help_text="Past tense with a noun before it: workflow.published")
    target_kind = models.TextField()
    target_id = models.TextField(default="")
    target_name = models.TextField(default="")
    details = models.JSONField(default=dict)
    request_id = models.TextField(default="")
    address = models.TextField(default="")
    at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "security_auditentry"
        ordering = ["-id"]
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.target_name}".strip()
