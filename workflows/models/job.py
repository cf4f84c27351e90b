"""Deeds done to many executions, one batch after the other, in sight of whoever asked for them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from studio.kernel.ids import uuid7


class Job(models.Model):
    """One verb over a set of executions that was fixed when it was asked for."""

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        STOPPED = "stopped"
        FINISHED = "finished"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    error_group = models.ForeignKey(
        "workflows.ErrorGroup", on_delete=models.SET_NULL, null=True, related_name="jobs"
    )
    verb = models.CharField(max_length=20)
    asked = models.JSONField(default=dict, help_text="Which executions were asked for, as it was said.")
    options = models.JSONField(default=dict, help_text="What the verb is told about each execution.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    stop_reason = models.JSONField(null=True)
    total = models.PositiveIntegerField()
    started = models.PositiveIntegerField(default=0, help_text="At work now.")
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0, help_text="Not in a state that allows the verb.")
    canary = ArrayField(models.PositiveIntegerField(), default=list)
    stage = models.PositiveSmallIntegerField(default=0, help_text="How many canary stages went well.")
    known_groups = ArrayField(
        models.UUIDField(), default=list, help_text="Error groups that are no news to it."
    )
    per_second = models.PositiveIntegerField()
    actor = models.JSONField(help_text="Who asked for it; every deed is theirs.")
    created_at = models.DateTimeField(auto_now_add=True)
    advanced_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="job_list"),
            models.Index(fields=["advanced_at"], name="job_running", condition=models.Q(state="running")),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.total}"


class JobItem(models.Model):
    """One execution of a job. `result_id`: the execution that was started from it."""

    class State(models.TextChoices):
        PENDING = "pending"
        STARTED = "started"
        DONE = "done"
        FAILED = "failed"
        SKIPPED = "skipped"

    id = models.UUIDField(primary_key=True, editable=False)
    job_id = models.UUIDField()
    execution_id = models.UUIDField()
    state = models.TextField(choices=State.choices, default=State.PENDING)
    result_id = models.UUIDField(null=True)
    detail = models.TextField(default="")

    class Meta:
        managed = False
        db_table = "workflows_jobitem"
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.execution_id)
