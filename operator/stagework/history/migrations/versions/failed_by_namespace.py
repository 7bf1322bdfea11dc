"""Failed stages of one namespace, the newest first: an index of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One namespace's list reads no other's."""
    op.create_index(
        "ix_attempts_failed_of",
        "attempts",
        [
            "namespace",
            sa.literal_column("ended DESC"),
            sa.literal_column("uid DESC"),
            sa.literal_column("stage DESC"),
        ],
        sqlite_where=sa.text("outcome = 'Failed' AND followed IS 0"),
        postgresql_where=sa.text("outcome = 'Failed' AND followed IS false"),
    )
