"""Called by alembic; `listener/migrate.py` hands it the connection, and holds the lock."""

from typing import Any

from alembic import context

given: dict[str, Any] = context.config.attributes
context.configure(
    connection=given.get("connection"),
    dialect_name="postgresql",
    # The database may have migrations of others, too.
    version_table="stagework_jobs_version",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
