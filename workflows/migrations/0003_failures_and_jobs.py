"""Error groups, dead letters and jobs; failed executions name their group."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import studio.kernel.ids

FORWARD = """
ALTER TABLE workflows_execution ADD COLUMN error_group_id uuid;
CREATE INDEX execution_error_group ON workflows_execution (error_group_id, id DESC)
    WHERE error_group_id IS NOT NULL;
-- What failed and has no group yet: the sweep that groups failures walks this and nothing else.
CREATE INDEX execution_ungrouped ON workflows_execution (id)
    WHERE error_group_id IS NULL AND error IS NOT NULL
      AND status IN ('failed', 'rolled_back', 'rollback_failed');
CREATE INDEX IF NOT EXISTS execution_resumed_from ON workflows_execution (resumed_from)
    WHERE resumed_from IS NOT NULL;

CREATE TABLE workflows_deadletter (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    workflow_id uuid,
    state text NOT NULL DEFAULT 'open',
    code text NOT NULL,
    reason text NOT NULL,
    losses smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    settled_by text NOT NULL DEFAULT '',
    retried_as uuid
) PARTITION BY RANGE (id);
CREATE TABLE workflows_deadletter_default PARTITION OF workflows_deadletter DEFAULT;
CREATE INDEX deadletter_list ON workflows_deadletter (workspace_id, id DESC);

CREATE TABLE workflows_jobitem (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL,
    execution_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    result_id uuid,
    detail text NOT NULL DEFAULT ''
) PARTITION BY RANGE (id);
CREATE TABLE workflows_jobitem_default PARTITION OF workflows_jobitem DEFAULT;
CREATE INDEX jobitem_list ON workflows_jobitem (job_id, id);
-- What a job has still to do or to await.
CREATE INDEX jobitem_open ON workflows_jobitem (job_id, state, id) WHERE state IN ('pending', 'started');
"""

BACKWARD = """
DROP TABLE workflows_jobitem, workflows_deadletter;
DROP INDEX execution_resumed_from;
ALTER TABLE workflows_execution DROP COLUMN error_group_id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("workflows", "0002_time_partitioned_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "state",
                    models.TextField(
                        choices=[("open", "Open"), ("retried", "Retried"), ("discarded", "Discarded")],
                        default="open",
                    ),
                ),
                ("code", models.TextField()),
                ("reason", models.TextField()),
                ("losses", models.SmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_by", models.TextField(default="")),
                (
                    "retried_as",
                    models.UUIDField(help_text="The execution that carries on from it.", null=True),
                ),
            ],
            options={
                "db_table": "workflows_deadletter",
                "ordering": ["-id"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="JobItem",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("job_id", models.UUIDField()),
                ("execution_id", models.UUIDField()),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("pending", "Pending"),
                            ("started", "Started"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("skipped", "Skipped"),
                        ],
                        default="pending",
                    ),
                ),
                ("result_id", models.UUIDField(null=True)),
                ("detail", models.TextField(default="")),
            ],
            options={
                "db_table": "workflows_jobitem",
                "ordering": ["id"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="ErrorGroup",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=studio.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("fingerprint", models.CharField(max_length=32)),
                (
                    "algorithm",
                    models.PositiveSmallIntegerField(
                        help_text="Version of the rules that made the fingerprint."
                    ),
                ),
                (
                    "kind",
                    models.TextField(
                        blank=True, default="", help_text='Kind of the node that failed; "" for none.'
                    ),
                ),
                ("category", models.TextField()),
                ("code", models.TextField()),
                (
                    "template",
                    models.TextField(
                        blank=True, help_text="The message without what differs from case to case."
                    ),
                ),
                ("message", models.TextField(blank=True, help_text="The latest message, as it was.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "New"),
                            ("ongoing", "Ongoing"),
                            ("regressed", "Regressed"),
                            ("resolved", "Resolved"),
                            ("ignored", "Ignored"),
                        ],
                        default="new",
                        max_length=9,
                    ),
                ),
                ("state_changed_at", models.DateTimeField()),
                ("count", models.BigIntegerField(default=0)),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("last_execution_id", models.UUIDField()),
                ("ignored_until", models.DateTimeField(blank=True, null=True)),
                ("ignored_until_count", models.BigIntegerField(blank=True, null=True)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                ("resolved_by", models.CharField(blank=True, default="", max_length=254)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ErrorGroupWorkflow",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=studio.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("count", models.BigIntegerField(default=0)),
                ("last_seen_at", models.DateTimeField()),
                (
                    "error_group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="workflows",
                        to="workflows.errorgroup",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="workflows.workflow"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=studio.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("verb", models.CharField(max_length=20)),
                (
                    "asked",
                    models.JSONField(
                        default=dict, help_text="Which executions were asked for, as it was said."
                    ),
                ),
                (
                    "options",
                    models.JSONField(default=dict, help_text="What the verb is told about each execution."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("stopped", "Stopped"),
                            ("finished", "Finished"),
                        ],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("stop_reason", models.JSONField(null=True)),
                ("total", models.PositiveIntegerField()),
                ("started", models.PositiveIntegerField(default=0, help_text="At work now.")),
                ("done", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                (
                    "skipped",
                    models.PositiveIntegerField(default=0, help_text="Not in a state that allows the verb."),
                ),
                (
                    "canary",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "stage",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many canary stages went well."
                    ),
                ),
                (
                    "known_groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        default=list,
                        help_text="Error groups that are no news to it.",
                        size=None,
                    ),
                ),
                ("per_second", models.PositiveIntegerField()),
                ("actor", models.JSONField(help_text="Who asked for it; every deed is theirs.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("advanced_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "error_group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="jobs",
                        to="workflows.errorgroup",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddIndex(
            model_name="errorgroup",
            index=models.Index(fields=["workspace", "-id"], name="error_group_list"),
        ),
        migrations.AddIndex(
            model_name="errorgroup",
            index=models.Index(
                condition=models.Q(("state__in", ["new", "regressed", "ignored"])),
                fields=["state_changed_at"],
                name="error_group_ripening",
            ),
        ),
        migrations.AddConstraint(
            model_name="errorgroup",
            constraint=models.UniqueConstraint(
                fields=("workspace", "fingerprint"), name="error_group_once_per_workspace"
            ),
        ),
        migrations.AddConstraint(
            model_name="errorgroupworkflow",
            constraint=models.UniqueConstraint(
                fields=("error_group", "workflow"), name="error_group_workflow_once"
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["workspace", "-id"], name="job_list"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("state", "running")), fields=["advanced_at"], name="job_running"
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
