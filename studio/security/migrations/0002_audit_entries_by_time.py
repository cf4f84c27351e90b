"""The audit trail: partitioned by UUIDv7 range, and rows that cannot be changed or deleted one by one."""

from django.db import migrations

FORWARD = """
CREATE TABLE security_auditentry (
    id uuid PRIMARY KEY,
    workspace_id uuid,
    actor_kind text NOT NULL,
    actor_id uuid,
    actor_name text NOT NULL DEFAULT '',
    action text NOT NULL,
    target_kind text NOT NULL,
    target_id text NOT NULL DEFAULT '',
    target_name text NOT NULL DEFAULT '',
    details jsonb NOT NULL DEFAULT '{}',
    request_id text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (id);
CREATE TABLE security_auditentry_default PARTITION OF security_auditentry DEFAULT;
CREATE INDEX auditentry_list ON security_auditentry (workspace_id, id DESC);

CREATE FUNCTION security_auditentry_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER security_auditentry_is_final BEFORE UPDATE OR DELETE ON security_auditentry
    FOR EACH ROW EXECUTE FUNCTION security_auditentry_is_final();
"""

BACKWARD = """
DROP TABLE security_auditentry;
DROP FUNCTION security_auditentry_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("security", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
