"""The tables of history, and an index for each question that is asked of them.

Times are whole microseconds since 1970, for both databases compare and group those alike and fast.
There are no foreign keys: facts come in any order. A change here is a new migration.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    desc,
)

metadata = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s"}
)

runs: Final = Table(
    "runs",
    metadata,
    Column("uid", String(128), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("namespace", String(63), nullable=False),
    Column("name", String(253), nullable=False),
    Column("pipeline", String(253), nullable=False),
    Column("title", String(512), nullable=False),
    Column("subject", String(512), nullable=False),
    Column("tenant", String(512), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("state", String(63), nullable=False),
    Column("message", String(512), nullable=False),
    Column("stages", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
)

attempts: Final = Table(
    "attempts",
    metadata,
    Column("uid", String(128), primary_key=True),
    Column("stage", String(63), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("namespace", String(63), nullable=False),
    Column("pipeline", String(253), nullable=False),
    Column("home", String(63), nullable=False),
    Column("machine", String(63), nullable=False),
    Column("node", String(253), nullable=False),
    Column("queued", BigInteger),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(63), nullable=False),
    Column("message", String(512), nullable=False),
    Column("exitCode", BigInteger),
    Column("maxAttempts", Integer),
    Column("followed", Boolean(create_constraint=False), nullable=False),
)

interventions: Final = Table(
    "interventions",
    metadata,
    Column("uid", String(128), primary_key=True),
    Column("run", String(128), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("namespace", String(63), nullable=False),
    Column("name", String(253), nullable=False),
    Column("verb", String(63), nullable=False),
    Column("stages", String(4096), nullable=False),
    Column("by", String(512), nullable=False),
    Column("reason", String(512), nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("affected", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("answer", String(63), nullable=False),
)

background_jobs: Final = Table(
    "backgroundjobs",
    metadata,
    Column("namespace", String(63), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("kind", String(63), nullable=False),
    Column("label", String(512), nullable=False),
    Column("state", String(16), nullable=False),
    Column("processed", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("started", BigInteger, nullable=False),
    Column("heartbeat", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("error", String(512), nullable=False),
    Column("machine", String(63), nullable=False),
)

batches: Final = Table(
    "batches",
    metadata,
    Column("uid", String(128), primary_key=True),
    Column("namespace", String(63), nullable=False),
    Column("name", String(253), nullable=False),
    Column("total", Integer, nullable=False),
    Column("whole", Boolean(create_constraint=False), nullable=False),
)

batch_items: Final = Table(
    "batchitems",
    metadata,
    Column("batch", String(128), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", String(200), nullable=False),
    Column("uri", String(2048), nullable=False),
    Column("upload", String(64), nullable=False),
    Column("params", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(63), nullable=False),
    Column("message", String(512), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("chunk", String(64), nullable=False),
    Column("machine", String(63), nullable=False),
    Column("seconds", Float),
    Column("ended", String(40), nullable=False),
    Column("outputs", Text, nullable=False),
)

batch_folds: Final = Table(
    "batchfolds",
    metadata,
    Column("batch", String(128), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("child", String(128), nullable=False),
)

batch_facts: Final = Table(
    "batchfacts",
    metadata,
    Column("uid", String(128), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("namespace", String(63), nullable=False),
    Column("name", String(253), nullable=False),
    Column("pipeline", String(253), nullable=False),
    Column("revision", String(63), nullable=False),
    Column("title", String(512), nullable=False),
    Column("tenant", String(512), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("state", String(63), nullable=False),
    Column("message", String(512), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    Column("chunks", BigInteger, nullable=False),
    Column("failedChunks", BigInteger, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("estimates", String(512), nullable=False),
)

chunk_costs: Final = Table(
    "chunkcosts",
    metadata,
    Column("batch", String(128), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("namespace", String(63), nullable=False),
    Column("pipeline", String(253), nullable=False),
    Column("revision", String(63), nullable=False),
    Column("machine", String(63), nullable=False),
    Column("ended", BigInteger, nullable=False),
    Column("items", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("span", Float),
)

_failed = (attempts.c.outcome == "Failed") & attempts.c.followed.is_(False)

Index("ix_runs_newest", desc(runs.c.created), desc(runs.c.uid))
"""All runs, the newest first."""
Index("ix_runs_newest_of", runs.c.namespace, desc(runs.c.created), desc(runs.c.uid))
"""Those of a namespace likewise."""
Index("ix_runs_at", runs.c.at)
"""Whose keep time is over."""
Index(
    "ix_attempts_failed",
    desc(attempts.c.ended),
    desc(attempts.c.uid),
    desc(attempts.c.stage),
    attempts.c.namespace,
    sqlite_where=_failed,
    postgresql_where=_failed,
)
"""Stages that have failed and that nobody has taken up, the newest first."""
Index(
    "ix_attempts_failed_of",
    attempts.c.namespace,
    desc(attempts.c.ended),
    desc(attempts.c.uid),
    desc(attempts.c.stage),
    sqlite_where=_failed,
    postgresql_where=_failed,
)
"""Those of a namespace likewise."""
Index("ix_attempts_ended", attempts.c.ended, attempts.c.stage, attempts.c.machine)
"""What was done since, by stage and machine."""
Index("ix_attempts_queued", attempts.c.queued, attempts.c.stage, attempts.c.home)
"""What has come since, by stage and class."""
Index("ix_interventions_run", interventions.c.run)
"""What was asked of a run."""
Index("ix_backgroundjobs_ended", background_jobs.c.ended, background_jobs.c.heartbeat)
"""Jobs at work, and those that have ended lately."""
Index("ix_batchitems_state", batch_items.c.batch, batch_items.c.state, batch_items.c.number)
"""Items of a batch in a state, in their order."""
Index("ix_batchitems_id", batch_items.c.batch, batch_items.c.id)
"""Items of a batch by their ids."""
_named = batch_items.c.upload != ""
Index("ix_batchitems_upload", batch_items.c.upload, sqlite_where=_named, postgresql_where=_named)
"""Whether anything names an upload."""
Index(
    "ix_batchfacts_newest_of",
    batch_facts.c.namespace,
    desc(batch_facts.c.created),
    desc(batch_facts.c.uid),
)
"""Batches of a namespace, the newest first."""
Index(
    "ix_batchfacts_like",
    batch_facts.c.namespace,
    batch_facts.c.pipeline,
    batch_facts.c.revision,
    desc(batch_facts.c.ended),
)
"""Earlier batches of a pipeline, those that ended last first."""
Index("ix_batchfacts_at", batch_facts.c.at)
"""Whose keep time is over."""
Index(
    "ix_chunkcosts_like",
    chunk_costs.c.namespace,
    chunk_costs.c.pipeline,
    chunk_costs.c.revision,
    desc(chunk_costs.c.ended),
)
"""What the last chunks of a pipeline have cost."""
Index("ix_chunkcosts_ended", chunk_costs.c.ended)
"""Whose keep time is over."""
Index("ix_batchfolds_child", batch_folds.c.child)
"""Whether a run has left what a ledger names."""
