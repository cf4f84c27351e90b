"""Tables that grow without bound, partitioned by UUIDv7 range from the first day.

Each gets a default partition here; daily partitions are made ahead by `studio.operations.partitions`.
"""

from django.db import migrations

FORWARD = """
CREATE TABLE workflows_execution (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    workflow_id uuid,
    version integer,
    definition_id uuid NOT NULL,
    status text NOT NULL,
    trigger_node text,
    trigger_kind text NOT NULL,
    queue text NOT NULL,
    region text NOT NULL,
    priority smallint NOT NULL DEFAULT 0,
    parent_id uuid,
    parent_step_id uuid,
    depth smallint NOT NULL DEFAULT 0,
    resumed_from uuid,
    tags text[] NOT NULL DEFAULT '{}',
    reason jsonb,
    error jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    active_seconds double precision NOT NULL DEFAULT 0,
    owner uuid,
    epoch bigint NOT NULL DEFAULT 0,
    losses smallint NOT NULL DEFAULT 0,
    seq bigint NOT NULL DEFAULT 0
) PARTITION BY RANGE (id);
CREATE TABLE workflows_execution_default PARTITION OF workflows_execution DEFAULT;
-- Claims walk workspaces of a queue and take the oldest of the highest priority of each.
CREATE INDEX execution_claim ON workflows_execution (region, queue, workspace_id, priority DESC, due_at)
    WHERE status = 'queued';
CREATE INDEX execution_owner ON workflows_execution (owner) WHERE owner IS NOT NULL;
CREATE INDEX execution_due ON workflows_execution (due_at) WHERE status = 'waiting' AND due_at IS NOT NULL;
CREATE INDEX execution_list ON workflows_execution (workspace_id, id DESC);
CREATE INDEX execution_of_workflow ON workflows_execution (workflow_id, id DESC) WHERE workflow_id IS NOT NULL;
CREATE INDEX execution_not_succeeded ON workflows_execution (workspace_id, status, id DESC)
    WHERE status IN ('failed', 'cancelled', 'waiting', 'paused');
CREATE INDEX execution_parent ON workflows_execution (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE workflows_payload (
    id uuid PRIMARY KEY,
    input bytea,
    output bytea
) PARTITION BY RANGE (id);
ALTER TABLE workflows_payload ALTER COLUMN input SET STORAGE EXTERNAL, ALTER COLUMN output SET STORAGE EXTERNAL;
CREATE TABLE workflows_payload_default PARTITION OF workflows_payload DEFAULT;

CREATE TABLE workflows_step (
    id uuid PRIMARY KEY,
    execution_id uuid NOT NULL,
    node text NOT NULL,
    kind text NOT NULL,
    iteration text NOT NULL DEFAULT '',
    status text NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    handled boolean NOT NULL DEFAULT false,
    reason text,
    port text,
    seq bigint NOT NULL,
    error jsonb,
    wait jsonb,
    due_at timestamptz,
    queued_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    output bytea,
    memo bytea
) PARTITION BY RANGE (id);
ALTER TABLE workflows_step ALTER COLUMN output SET STORAGE EXTERNAL, ALTER COLUMN memo SET STORAGE EXTERNAL;
CREATE TABLE workflows_step_default PARTITION OF workflows_step DEFAULT;

CREATE TABLE workflows_blob (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    execution_id uuid,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    body bytea NOT NULL
) PARTITION BY RANGE (id);
ALTER TABLE workflows_blob ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE workflows_blob_default PARTITION OF workflows_blob DEFAULT;

CREATE FUNCTION workflows_version_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.definition_id IS DISTINCT FROM OLD.definition_id OR NEW.number IS DISTINCT FROM OLD.number THEN
        RAISE EXCEPTION 'a published version never changes' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER workflows_version_is_immutable BEFORE UPDATE ON workflows_version
    FOR EACH ROW EXECUTE FUNCTION workflows_version_is_immutable();
"""

BACKWARD = """
DROP TRIGGER workflows_version_is_immutable ON workflows_version;
DROP FUNCTION workflows_version_is_immutable();
DROP TABLE workflows_blob, workflows_step, workflows_payload, workflows_execution;
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
