"""The executions of one line are looked up when a resumed one starts a sub-workflow."""

from django.db import migrations

FORWARD = """
CREATE INDEX execution_lineage ON workflows_execution (lineage_id) WHERE lineage_id IS NOT NULL;
"""
BACKWARD = "DROP INDEX execution_lineage"


class Migration(migrations.Migration):
    dependencies = [("workflows", "0007_lineage_and_pins")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
