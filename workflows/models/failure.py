"""What fails alike, and what could not be run to an end."""

from __future__ import annotations

from django.db import models

from studio.kernel.ids import uuid7


class ErrorGroup(models.Model):
    """Failed executions with the same fingerprint; counts and times are of those executions' ends."""

    class State(models.TextChoices):
        NEW = "new"
        ONGOING = "ongoing"
        REGRESSED = "regressed"
        RESOLVED = "resolved"
        IGNORED = "ignored"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=32)
    algorithm = models.PositiveSmallIntegerField(help_text="Version of the rules that made the fingerprint.")
    kind = models.TextField(blank=True, default="", help_text='Kind of the node that failed; "" for none.')
    category = models.TextField()
    code = models.TextField()
    template = models.TextField(blank=True, help_text="The message without what differs from case to case.")
    message = models.TextField(blank=True, help_text="The latest message, as it was.")
    state = models.CharField(max_length=9, choices=State.choices, default=State.NEW)
    state_changed_at = models.DateTimeField()
    count = models.BigIntegerField(default=0)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    last_execution_id = models.UUIDField()
    ignored_until = models.DateTimeField(null=True, blank=True)
    ignored_until_count = models.BigIntegerField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "fingerprint"], name="error_group_once_per_workspace"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="error_group_list"),
            # The few that change by themselves as time goes on.
            models.Index(
                fields=["state_changed_at"],
                name="error_group_ripening",
                condition=models.Q(state__in=["new", "regressed", "ignored"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.template}"[:120]


class ErrorGroupWorkflow(models.Model):
    """How often a workflow is hit by an error group."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    error_group = models.ForeignKey(ErrorGroup, on_delete=models.CASCADE, related_name="workflows")
    workflow = models.ForeignKey("workflows.Workflow", on_delete=models.CASCADE, related_name="+")
    count = models.BigIntegerField(default=0)
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["error_group", "workflow"], name="error_group_workflow_once")
        ]

    def __str__(self) -> str:
        return f"{self.error_group_id} · {self.workflow_id}"


class DeadLetter(models.Model):
    """An execution that failed without any node's fault, kept for somebody to decide about; `id` is the execution's."""

    class State(models.TextChoices):
        OPEN = "open"
        RETRIED = "retried"
        DISCARDED = "discarded"

    id = models.UUIDField(primary_key=True, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    workflow = models.ForeignKey(
        "workflows.Workflow", on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    state = models.TextField(choices=State.choices, default=State.OPEN)
    code = models.TextField()
    reason = models.TextField()
    losses = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.TextField(default="")
    retried_as = models.UUIDField(null=True, help_text="The execution that carries on from it.")

    class Meta:
        managed = False
        db_table = "workflows_deadletter"
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.id)
