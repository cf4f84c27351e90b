"""When a published workflow starts by itself."""

from __future__ import annotations

from django.db import models

from studio.kernel.ids import uuid7


class Schedule(models.Model):
    """One `trigger.schedule` node of a published workflow; `next_at` is its next firing."""

    class Misfire(models.TextChoices):
        SKIP = "skip"
        ONCE = "once"
        ALL = "all"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    workflow = models.ForeignKey("workflows.Workflow", on_delete=models.CASCADE, related_name="schedules")
    node = models.CharField(max_length=63)
    cron = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, default="UTC")
    misfire = models.CharField(max_length=4, choices=Misfire.choices, default=Misfire.ONCE)
    is_active = models.BooleanField(default=True)
    next_at = models.DateTimeField(null=True, blank=True)
    last_fired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["workflow", "node"], name="schedule_once_per_node")]
        indexes = [models.Index(fields=["next_at"], name="schedule_due", condition=models.Q(is_active=True))]

    def __str__(self) -> str:
        return f"{self.cron} ({self.timezone})"
