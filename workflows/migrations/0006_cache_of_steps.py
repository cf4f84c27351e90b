"""What the result cache had to do with a step, as its step is shown."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workflows", "0005_admission_and_waits")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE workflows_step ADD COLUMN cache jsonb",
            "ALTER TABLE workflows_step DROP COLUMN cache",
        )
    ]
