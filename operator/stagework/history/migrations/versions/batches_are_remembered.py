"""Batches are remembered, and what their chunks have cost: the next ones begin with that."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make both."""
    _batches()
    _costs()


def _batches() -> None:
    op.create_table(
        "batchfacts",
        sa.Column("uid", sa.String(length=128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("pipeline", sa.String(length=253), nullable=False),
        sa.Column("revision", sa.String(length=63), nullable=False),
        sa.Column("title", sa.String(length=512), nullable=False),
        sa.Column("tenant", sa.String(length=512), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger()),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("state", sa.String(length=63), nullable=False),
        sa.Column("message", sa.String(length=512), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("chunks", sa.BigInteger(), nullable=False),
        sa.Column("failedChunks", sa.BigInteger(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("estimates", sa.String(length=512), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_batchfacts")),
    )
    op.create_index(
        "ix_batchfacts_newest_of",
        "batchfacts",
        ["namespace", sa.literal_column("created DESC"), sa.literal_column("uid DESC")],
    )
    op.create_index(
        "ix_batchfacts_like",
        "batchfacts",
        ["namespace", "pipeline", "revision", sa.literal_column("ended DESC")],
    )
    op.create_index("ix_batchfacts_at", "batchfacts", ["at"])


def _costs() -> None:
    op.create_table(
        "chunkcosts",
        sa.Column("batch", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("pipeline", sa.String(length=253), nullable=False),
        sa.Column("revision", sa.String(length=63), nullable=False),
        sa.Column("machine", sa.String(length=63), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("span", sa.Float()),
        sa.PrimaryKeyConstraint("batch", "name", name=op.f("pk_chunkcosts")),
    )
    op.create_index(
        "ix_chunkcosts_like",
        "chunkcosts",
        ["namespace", "pipeline", "revision", sa.literal_column("ended DESC")],
    )
    op.create_index("ix_chunkcosts_ended", "chunkcosts", ["ended"])
