"""Who started an execution, its place in line, what limits how many run at once, and links that decide waits."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import studio.kernel.ids

FORWARD = """
ALTER TABLE workflows_execution
    ADD COLUMN started_by uuid,
    ADD COLUMN turn_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN admitted boolean NOT NULL DEFAULT true,
    ADD COLUMN slot uuid,
    ADD COLUMN slot_limit integer,
    ADD COLUMN on_limit text;
UPDATE workflows_execution SET turn_at = created_at - make_interval(mins => priority);
DROP INDEX execution_claim;
-- Claims walk the workspaces of a queue and take from each what is first in line.
CREATE INDEX execution_claim ON workflows_execution (region, queue, workspace_id, turn_at)
    WHERE status = 'queued' AND admitted;
-- What waits to be let in, by what limits it; and what counts against that limit.
CREATE INDEX execution_at_the_door ON workflows_execution (region, workspace_id, slot, turn_at)
    WHERE status = 'queued' AND NOT admitted;
CREATE INDEX execution_slot ON workflows_execution (workspace_id, slot)
    WHERE slot IS NOT NULL AND admitted AND status IN ('queued', 'running');
"""

BACKWARD = """
DROP INDEX execution_slot, execution_at_the_door, execution_claim;
ALTER TABLE workflows_execution
    DROP COLUMN started_by, DROP COLUMN turn_at, DROP COLUMN admitted, DROP COLUMN slot,
    DROP COLUMN slot_limit, DROP COLUMN on_limit;
CREATE INDEX execution_claim ON workflows_execution (region, queue, workspace_id, priority DESC, due_at)
    WHERE status = 'queued';
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("accounts", "0001_initial"),
        ("workflows", "0003_failures_and_jobs"),
    ]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.CreateModel(
            name="SignalLink",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=studio.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("execution_id", models.UUIDField()),
                ("name", models.CharField(max_length=200)),
                ("secret_hash", models.BinaryField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        help_text="What is done through the link is done in this person's name.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
                    ),
                ),
            ],
            options={"ordering": ["-id"]},
        ),
        migrations.AddIndex(
            model_name="signallink",
            index=models.Index(fields=["execution_id"], name="signal_link_execution"),
        ),
    ]
