"""A workflow, its draft and its immutable versions."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from studio.kernel.ids import uuid7


class Workflow(models.Model):
    """What people edit: a draft, and the number of the version that triggers run."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        PAUSED = "paused"
        ARCHIVED = "archived"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    slug = models.CharField(max_length=80)
    description = models.TextField(blank=True, default="")
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    draft = models.JSONField(default=dict)
    problems = models.JSONField(default=list, help_text="What keeps the draft from being published.")
    revision = models.PositiveIntegerField(
        default=1, help_text="Counts every change; the ETag is made of it."
    )
    published_version = models.PositiveIntegerField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "slug"], name="workflow_slug_once_per_workspace")
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="workflow_list")]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """A definition as it was published; never changed afterwards (a database trigger refuses it)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.ForeignKey("workflows.Definition", on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["workflow", "number"], name="version_number_once")]

    def __str__(self) -> str:
        return f"version {self.number}"


class Definition(models.Model):
    """A definition by its content: versions, drafts that ran and ad hoc runs share one row per content."""

    id = models.UUIDField(primary_key=True, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    body = models.BinaryField(help_text="The JSON document, in the form of studio.kernel.codec.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.id)
