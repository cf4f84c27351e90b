"""Executions, their steps and payloads: partitioned by time, written by the committers in batches.

These tables are written with SQL (`workflows.runtime.sql`); the models serve lists, admin and tests. Ids are
plain UUID columns instead of foreign keys: a partition is dropped as a whole, and a key check per row would
be the largest cost of a checkpoint.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

FINAL_STATUSES = ("succeeded", "failed", "cancelled", "rolled_back", "rollback_failed")


class Execution(models.Model):
    """One run of one definition."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        WAITING = "waiting"
        PAUSED = "paused"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"
        ROLLING_BACK = "rolling_back"
        ROLLED_BACK = "rolled_back"
        ROLLBACK_FAILED = "rollback_failed"

    id = models.UUIDField(primary_key=True, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    workflow = models.ForeignKey(
        "workflows.Workflow", on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    version = models.IntegerField(null=True)
    definition_id = models.UUIDField()
    status = models.TextField(choices=Status.choices)
    trigger_node = models.TextField(null=True)  # noqa: DJ001 - NULL: the definition has no trigger
    trigger_kind = models.TextField(default="trigger.manual")
    queue = models.TextField()
    region = models.TextField()
    priority = models.SmallIntegerField(default=0)
    parent_id = models.UUIDField(null=True)
    parent_step_id = models.UUIDField(null=True)
    depth = models.SmallIntegerField(default=0)
    resumed_from = models.UUIDField(null=True)
    lineage_id = models.UUIDField(
        null=True, help_text="The execution whose idempotency keys its writes carry, unless its own."
    )
    tags = ArrayField(models.TextField(), default=list)
    reason = models.JSONField(null=True)
    error = models.JSONField(null=True)
    error_group = models.ForeignKey(
        "workflows.ErrorGroup", on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    active_seconds = models.FloatField(
        default=0, help_text="Time spent running, against the execution timeout."
    )
    owner = models.UUIDField(null=True, help_text="The worker registration that holds it.")
    epoch = models.BigIntegerField(default=0, help_text="Counts claims; fences the writes of earlier owners.")
    losses = models.SmallIntegerField(default=0, help_text="Owners lost while they held it.")
    seq = models.BigIntegerField(default=0, help_text="Number of its latest event.")
    started_by = models.UUIDField(null=True, help_text="The person who answers for it, if there is one.")
    turn_at = models.DateTimeField(db_default=Now(), help_text="Its place in line: earlier goes first.")
    admitted = models.BooleanField(default=True, help_text="No limit keeps it waiting.")
    slot = models.UUIDField(null=True, help_text="What it shares a limit with while it runs.")
    slot_limit = models.IntegerField(null=True)
    on_limit = models.TextField(null=True)  # noqa: DJ001 - NULL: nothing limits it

    class Meta:
        managed = False
        db_table = "workflows_execution"
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.id)


class Payload(models.Model):
    """What an execution was given and what it gave back, apart from the rows that lists read."""

    id = models.UUIDField(primary_key=True, editable=False)
    input = models.BinaryField(null=True)
    output = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "workflows_payload"

    def __str__(self) -> str:
        return str(self.id)


class Step(models.Model):
    """One visit of one node; its row is the checkpoint."""

    id = models.UUIDField(primary_key=True, editable=False)
    execution_id = models.UUIDField()
    node = models.TextField()
    kind = models.TextField()
    iteration = models.TextField(default="")
    status = models.TextField()
    attempt = models.IntegerField(default=0)
    handled = models.BooleanField(default=False)
    reason = models.TextField(null=True)  # noqa: DJ001 - NULL is "no reason", as the API shows it
    port = models.TextField(null=True)  # noqa: DJ001 - NULL until it took one
    seq = models.BigIntegerField()
    error = models.JSONField(null=True)
    wait = models.JSONField(null=True)
    due_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    output = models.BinaryField(null=True)
    memo = models.BinaryField(
        null=True, help_text="What the engine itself must know again: items, params sent."
    )
    cache = models.JSONField(null=True, help_text="What the result cache had to do with it.")

    class Meta:
        managed = False
        db_table = "workflows_step"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.node} {self.iteration}".strip()


class MailboxItem(models.Model):
    """A word to a live execution (cancel, signal, a child's end), kept until its owner has read it."""

    id = models.UUIDField(primary_key=True, editable=False)
    execution_id = models.UUIDField()
    kind = models.TextField()
    name = models.TextField(default="")
    payload = models.BinaryField(null=True)
    held = models.BooleanField(default=False, help_text="Read, but nothing awaits it yet.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "workflows_mailbox"
        indexes = [models.Index(fields=["execution_id", "id"], name="mailbox_execution")]

    def __str__(self) -> str:
        return self.kind


class Blob(models.Model):
    """A payload above 64 KiB; documents carry a `$blob` reference to it."""

    id = models.UUIDField(primary_key=True, editable=False)
    workspace_id = models.UUIDField()
    execution_id = models.UUIDField(null=True)
    media_type = models.TextField()
    size_bytes = models.BigIntegerField()
    sha256 = models.TextField()
    body = models.BinaryField()

    class Meta:
        managed = False
        db_table = "workflows_blob"

    def __str__(self) -> str:
        return str(self.id)
