"""Called by alembic; `history/migrate.py` hands it the connection, and holds the lock."""

from alembic import context

from stagework.history.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # One for all: a migration that fails leaves the tables as they were.
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
