"""What is over a limit and does not queue is found without walking past all that does."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workflows", "0008_executions_of_a_line")]
    operations = [
        migrations.RunSQL(
            """
            CREATE INDEX execution_one_too_many ON workflows_execution (region, workspace_id, slot, id DESC)
                WHERE status = 'queued' AND NOT admitted AND on_limit <> 'queue'
            """,
            "DROP INDEX execution_one_too_many",
        )
    ]
