"""Runs, attempts, interventions and background jobs: history begins."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_FAILED = sa.text("outcome = 'Failed' AND followed IS 0")
_FAILED_POSTGRESQL = sa.text("outcome = 'Failed' AND followed IS false")


def upgrade() -> None:
    """Make all of them."""
    _attempts()
    _background_jobs()
    _interventions()
    _runs()


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("uid", sa.String(length=128), nullable=False),
        sa.Column("stage", sa.String(length=63), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("pipeline", sa.String(length=253), nullable=False),
        sa.Column("home", sa.String(length=63), nullable=False),
        sa.Column("machine", sa.String(length=63), nullable=False),
        sa.Column("node", sa.String(length=253), nullable=False),
        sa.Column("queued", sa.BigInteger()),
        sa.Column("started", sa.BigInteger()),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=63), nullable=False),
        sa.Column("message", sa.String(length=512), nullable=False),
        sa.Column("exitCode", sa.BigInteger()),
        sa.Column("maxAttempts", sa.Integer()),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("uid", "stage", "attempt", name=op.f("pk_attempts")),
    )
    op.create_index("ix_attempts_ended", "attempts", ["ended", "stage", "machine"])
    op.create_index(
        "ix_attempts_failed",
        "attempts",
        [
            sa.literal_column("ended DESC"),
            sa.literal_column("uid DESC"),
            sa.literal_column("stage DESC"),
            "namespace",
        ],
        sqlite_where=_FAILED,
        postgresql_where=_FAILED_POSTGRESQL,
    )
    op.create_index("ix_attempts_queued", "attempts", ["queued", "stage", "home"])


def _background_jobs() -> None:
    op.create_table(
        "backgroundjobs",
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("label", sa.String(length=512), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("processed", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger()),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("error", sa.String(length=512), nullable=False),
        sa.Column("machine", sa.String(length=63), nullable=False),
        sa.PrimaryKeyConstraint("namespace", "id", name=op.f("pk_backgroundjobs")),
    )
    op.create_index("ix_backgroundjobs_ended", "backgroundjobs", ["ended", "heartbeat"])


def _interventions() -> None:
    op.create_table(
        "interventions",
        sa.Column("uid", sa.String(length=128), nullable=False),
        sa.Column("run", sa.String(length=128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("verb", sa.String(length=63), nullable=False),
        sa.Column("stages", sa.String(length=4096), nullable=False),
        sa.Column("by", sa.String(length=512), nullable=False),
        sa.Column("reason", sa.String(length=512), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("affected", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(length=63), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_interventions")),
    )
    op.create_index("ix_interventions_run", "interventions", ["run"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("uid", sa.String(length=128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("pipeline", sa.String(length=253), nullable=False),
        sa.Column("title", sa.String(length=512), nullable=False),
        sa.Column("subject", sa.String(length=512), nullable=False),
        sa.Column("tenant", sa.String(length=512), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger()),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("state", sa.String(length=63), nullable=False),
        sa.Column("message", sa.String(length=512), nullable=False),
        sa.Column("stages", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_at", "runs", ["at"])
    op.create_index(
        "ix_runs_newest", "runs", [sa.literal_column("created DESC"), sa.literal_column("uid DESC")]
    )
    op.create_index(
        "ix_runs_newest_of",
        "runs",
        ["namespace", sa.literal_column("created DESC"), sa.literal_column("uid DESC")],
    )
