"""The table `jobs`, what notifies of its changes, and the listener's rights."""

from typing import Final

from alembic import context, op

revision = "0001"
down_revision = None

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS jobs (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id text NOT NULL,
  current_step text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT 'queued',
  created_at timestamptz NOT NULL DEFAULT now(),
  title text,
  input text,
  params jsonb
)
"""
_OURS: Final = """
ALTER TABLE jobs
  ADD COLUMN IF NOT EXISTS error_message text NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN IF NOT EXISTS run_namespace text,
  ADD COLUMN IF NOT EXISTS run_key text,
  ADD COLUMN IF NOT EXISTS run_uid text,
  ADD COLUMN IF NOT EXISTS run_version bigint,
  ADD COLUMN IF NOT EXISTS try_after timestamptz
"""
_INDEXES: Final = {
    "jobs_by_tenant": "(tenant_id, created_at)",
    "jobs_by_status": "(status, created_at)",
    "jobs_by_step": "(current_step, created_at)",
    "jobs_by_time": "(created_at)",
    "jobs_that_wait": "(created_at, id) WHERE status = 'queued' AND run_uid IS NULL",
    "jobs_at_work": "(run_uid) WHERE status IN ('queued', 'running')",
}
_UNIQUE: Final = {
    # What a table of others may lack: one row of an id, whatever its type.
    "jobs_by_id": "(id)",
    "jobs_by_run": "(run_uid)",
}
# A payload may have 8,000 bytes; one that is longer would refuse the insert of whoever makes a row.
_NOTIFY: Final = """
CREATE OR REPLACE FUNCTION jobs_notify() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_notify('jobs', json_build_object(
    'id', left(NEW.id::text, 64), 'tenant_id', left(NEW.tenant_id::text, 64),
    'current_step', left(NEW.current_step::text, 64), 'status', left(NEW.status::text, 64))::text);
  RETURN NULL;
END $$
"""
_TOUCH: Final = """
CREATE OR REPLACE FUNCTION jobs_touch() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
BEGIN
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END $$
"""
_TRIGGERS: Final = {
    "jobs_inserted": "AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION jobs_notify()",
    "jobs_changed": "AFTER UPDATE ON jobs FOR EACH ROW WHEN ((OLD.status, OLD.current_step) "
    "IS DISTINCT FROM (NEW.status, NEW.current_step)) EXECUTE FUNCTION jobs_notify()",
    "jobs_touched": "BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION jobs_touch()",
}
_WRITTEN: Final = (
    "current_step, status, error_message, run_namespace, run_key, run_uid, run_version, try_after"
)


def upgrade() -> None:
    """Make all of it, or what is missing."""
    op.execute(_TABLE)
    op.execute(_OURS)
    for kind, indexes in (("INDEX", _INDEXES), ("UNIQUE INDEX", _UNIQUE)):
        for name, columns in indexes.items():
            op.execute(f"CREATE {kind} IF NOT EXISTS {name} ON jobs {columns}")
    op.execute(_NOTIFY)
    op.execute(_TOUCH)
    for name, trigger in _TRIGGERS.items():
        op.execute(f"DROP TRIGGER IF EXISTS {name} ON jobs")
        op.execute(f"CREATE TRIGGER {name} {trigger}")
    _grant(str(context.config.attributes["role"]))


def _grant(role: str) -> None:
    """The listener's role: it reads the table and writes what it has to say, and nothing else."""
    literal = role.replace("'", "''")
    name = '"' + role.replace('"', '""') + '"'
    op.execute(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles "
        f"WHERE rolname = '{literal}') THEN "
        f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE; END IF; END $$"
    )
    op.execute(f"GRANT SELECT, UPDATE ({_WRITTEN}) ON jobs TO {name}")
