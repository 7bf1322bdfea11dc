"""Background jobs in the database."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, desc, func, or_, select, tuple_

from stagework.api.background_jobs import MOST_JOBS, BackgroundJob, JobNews, after_news
from stagework.history.rows import fact_of, micros, stored_values
from stagework.history.tables import background_jobs as table


def begin(connection: Connection, begun: BackgroundJob) -> None:
    """In place of one of that id."""
    connection.execute(delete(table).where(_is(begun.namespace, begun.id)))
    connection.execute(table.insert(), [stored_values(begun, table)])


def update(connection: Connection, namespace: str, uid: str, news: JobNews) -> BackgroundJob | None:
    """Of one that is at work; there is one writer, so nothing comes between."""
    at_work = and_(_is(namespace, uid), table.c.state == "running")
    row = connection.execute(select(table).where(at_work).with_for_update()).mappings().first()
    if row is None:
        return None
    known = after_news(fact_of(BackgroundJob, row), news)
    values = stored_values(known, table)
    connection.execute(table.update().where(_is(namespace, uid)).values(values))
    return known


def known(
    connection: Connection, namespaces: Sequence[str], ended_since: datetime
) -> list[BackgroundJob]:
    """At work, or ended since; the newest first."""
    rows = connection.execute(
        select(table)
        .where(
            table.c.namespace.in_(sorted(set(namespaces))),
            or_(table.c.ended.is_(None), table.c.ended >= micros(ended_since)),
        )
        .order_by(desc(table.c.started), desc(table.c.id))
        .limit(MOST_JOBS)
    ).mappings()
    return [fact_of(BackgroundJob, row) for row in rows]


def sweep(connection: Connection, before: int, limit: int) -> int:
    """Those of which nothing was heard since."""
    old = select(table.c.namespace, table.c.id).where(table.c.heartbeat < before).limit(limit)
    keys = [tuple(row) for row in connection.execute(old)]
    if keys:
        connection.execute(delete(table).where(tuple_(table.c.namespace, table.c.id).in_(keys)))
    return len(keys)


def old(connection: Connection, before: int) -> int:
    """How many of them there are."""
    number = select(func.count()).select_from(table).where(table.c.heartbeat < before)
    return connection.scalar(number) or 0


def _is(namespace: str, uid: str) -> ColumnElement[bool]:
    return and_(table.c.namespace == namespace, table.c.id == uid)
