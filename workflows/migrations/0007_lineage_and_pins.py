"""Resumed executions name the first of their line; drafts keep pinned outputs beside them."""

import django.db.models.deletion
from django.db import migrations, models

import studio.kernel.ids

FORWARD = "ALTER TABLE workflows_execution ADD COLUMN lineage_id uuid"
BACKWARD = "ALTER TABLE workflows_execution DROP COLUMN lineage_id"
LINEAGE = models.UUIDField(
    help_text="The execution whose idempotency keys its writes carry, unless its own.", null=True
)


class Migration(migrations.Migration):
    dependencies = [("workflows", "0006_cache_of_steps")]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD, [migrations.AddField("Execution", "lineage_id", LINEAGE)]),
        migrations.CreateModel(
            name="Pin",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=studio.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("node", models.CharField(max_length=63)),
                ("output", models.JSONField(null=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pins",
                        to="workflows.workflow",
                    ),
                ),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.AddConstraint(
            model_name="pin",
            constraint=models.UniqueConstraint(fields=("workflow", "node"), name="pin_once_per_node"),
        ),
    ]
