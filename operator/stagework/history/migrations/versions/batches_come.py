"""Batches: a copy of their items and of what became of them; the files are the truth."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NAMED = sa.text("upload != ''")


def upgrade() -> None:
    """Make all of them."""
    _batches()
    _folds()
    _items()


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("uid", sa.String(length=128), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_batches")),
    )


def _folds() -> None:
    op.create_table(
        "batchfolds",
        sa.Column("batch", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("child", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("batch", "name", name=op.f("pk_batchfolds")),
    )
    op.create_index("ix_batchfolds_child", "batchfolds", ["child"])


def _items() -> None:
    op.create_table(
        "batchitems",
        sa.Column("batch", sa.String(length=128), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("uri", sa.String(length=2048), nullable=False),
        sa.Column("upload", sa.String(length=64), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=63), nullable=False),
        sa.Column("message", sa.String(length=512), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("chunk", sa.String(length=64), nullable=False),
        sa.Column("machine", sa.String(length=63), nullable=False),
        sa.Column("seconds", sa.Float()),
        sa.Column("ended", sa.String(length=40), nullable=False),
        sa.Column("outputs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "number", name=op.f("pk_batchitems")),
    )
    op.create_index("ix_batchitems_id", "batchitems", ["batch", "id"])
    op.create_index("ix_batchitems_state", "batchitems", ["batch", "state", "number"])
    op.create_index(
        "ix_batchitems_upload",
        "batchitems",
        ["upload"],
        sqlite_where=_NAMED,
        postgresql_where=_NAMED,
    )
