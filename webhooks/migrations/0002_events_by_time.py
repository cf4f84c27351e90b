"""Received events: partitioned by UUIDv7 range; those not yet processed are found by a partial index."""

from django.db import migrations

FORWARD = """
CREATE TABLE webhooks_event (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    source_id uuid NOT NULL,
    workflow_id uuid NOT NULL,
    node text NOT NULL,
    status text NOT NULL,
    reason text,
    method text NOT NULL,
    path text NOT NULL DEFAULT '',
    query text NOT NULL DEFAULT '',
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    dedup_key text,
    execution_id uuid,
    received_at timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz
) PARTITION BY RANGE (id);
ALTER TABLE webhooks_event ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE webhooks_event_default PARTITION OF webhooks_event DEFAULT;
CREATE INDEX event_stored ON webhooks_event (id) WHERE status = 'stored';
CREATE INDEX event_list ON webhooks_event (workspace_id, id DESC);
CREATE INDEX event_of_source ON webhooks_event (source_id, id DESC);
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, "DROP TABLE webhooks_event")]
