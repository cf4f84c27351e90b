"""A worker process as the database sees it: its lease decides who may hold executions."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from studio.kernel.ids import uuid7


class Worker(models.Model):
    """One registration of one worker process; a process that loses its lease registers anew."""

    class Status(models.TextChoices):
        ALIVE = "alive"
        DRAINING = "draining"
        STOPPED = "stopped"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.TextField()
    host = models.TextField()
    pid = models.IntegerField()
    region = models.TextField()
    queues = ArrayField(models.TextField())
    status = models.TextField(choices=Status.choices, default=Status.ALIVE)
    slots = models.IntegerField()
    in_flight = models.IntegerField(default=0)
    finished = models.BigIntegerField(default=0, help_text="Executions this registration brought to an end.")
    loop_lag_ms = models.FloatField(default=0)
    version = models.TextField(default="")
    lock_key = models.BigIntegerField(help_text="Session advisory lock held while the process lives.")
    loss_counts = models.BooleanField(
        default=True, help_text="Whether what it held when it ended was lost by its own death."
    )
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]
        indexes = [
            # The sweeper looks for living workers several times a second among all that ever were.
            models.Index(
                fields=["lease_until"],
                name="worker_live",
                condition=models.Q(status__in=["alive", "draining"]),
            )
        ]

    def __str__(self) -> str:
        return self.name
