"""What a span of time has brought, over all runs; in a few statements, each by an index."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, desc, func, select

from stagework.api.history import Digest, DigestQuery, SlowStage
from stagework.history.queries import one_of
from stagework.history.rows import micros
from stagework.history.tables import attempts, runs

SECOND = 1_000_000


def digest(connection: Connection, query: DigestQuery) -> Digest:
    """How runs have ended, what was deferred, which stages took longest."""
    return Digest(
        runs=_ended_runs(connection, query),
        failedStages=_attempts(connection, query, "Failed", attempts.c.followed.is_(False)),
        deferredStages=_attempts(connection, query, "Deferred"),
        slowest=_slowest(connection, query),
    )


def _ended_runs(connection: Connection, query: DigestQuery) -> dict[str, int]:
    since, until = micros(query.since), micros(query.until)
    statement = (
        select(runs.c.state, func.count().label("number"))
        # A run is told of when it ends, or later: that is what the index is about.
        .where(runs.c.at >= since, runs.c.ended >= since, runs.c.ended < until)
        .where(*one_of(runs.c.namespace, query.namespaces))
        .group_by(runs.c.state)
    )
    return {row.state: row.number for row in connection.execute(statement)}


def _attempts(
    connection: Connection, query: DigestQuery, outcome: str, *more: ColumnElement[bool]
) -> int:
    statement = select(func.count()).select_from(attempts)
    return connection.scalar(statement.where(*_in_span(query, outcome), *more)) or 0


def _slowest(connection: Connection, query: DigestQuery) -> list[SlowStage]:
    took = attempts.c.ended - attempts.c.started
    statement = (
        select(
            attempts.c.stage,
            func.count().label("number"),
            func.avg(took).label("mean"),
            func.max(took).label("longest"),
        )
        .where(*_in_span(query, "Succeeded"), attempts.c.started.is_not(None))
        .group_by(attempts.c.stage)
        .order_by(desc("mean"), attempts.c.stage)
        .limit(query.slowest)
    )
    return [
        SlowStage(
            stage=row.stage,
            number=row.number,
            meanSeconds=round(float(row.mean) / SECOND, 3),
            longestSeconds=round(row.longest / SECOND, 3),
        )
        for row in connection.execute(statement)
    ]


def _in_span(query: DigestQuery, outcome: str) -> list[Any]:
    ended = attempts.c.ended
    return [
        ended >= micros(query.since),
        ended < micros(query.until),
        attempts.c.outcome == outcome,
        *one_of(attempts.c.namespace, query.namespaces),
    ]
