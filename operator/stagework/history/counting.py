"""How much was done and came in a span of time, by stage and class, in slots of half an hour.

Slots, not hours: where a clock is put back or forward, hours of the board begin at half an hour.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, desc, func, select

from stagework.api.history import Counted, CountQuery, Counts, Ended, EndedQuery, Took
from stagework.history.queries import one_of
from stagework.history.rows import micros, moment
from stagework.history.tables import attempts

SLOT_SECONDS = 1800
"""Length of a slot."""
DURATIONS_READ = 2000
"""The last ones that were done say what is usual."""
_SLOT = SLOT_SECONDS * 1_000_000


def counts(connection: Connection, query: CountQuery) -> Counts:
    """All of it, in three statements."""
    done, came = attempts.c.ended, attempts.c.queued
    return Counts(
        done=_counted(connection, query, done, attempts.c.outcome == "Succeeded"),
        # A stage comes once: further attempts are the same work.
        arrived=_counted(connection, query, came, attempts.c.attempt == 1),
        took=[
            Took.unchecked(
                {"stage": stage, "machine": machine or home, "seconds": took / 1_000_000}
            )
            for stage, machine, home, took in connection.execute(_durations(query)).all()
        ],
    )


def ended(connection: Connection, query: EndedQuery) -> Ended:
    """Along the index of what has ended."""
    failed = (attempts.c.outcome == "Failed") & attempts.c.followed.is_(False)
    statement = select(
        func.coalesce(_how_many(attempts.c.outcome == "Succeeded"), 0).label("done"),
        func.coalesce(_how_many(failed), 0).label("failed"),
    ).where(
        attempts.c.ended >= micros(query.since),
        attempts.c.ended < micros(query.until),
        *_those(query),
    )
    found = connection.execute(statement).one()
    return Ended(done=int(found.done), failed=int(found.failed))


def _counted(
    connection: Connection, query: CountQuery, at: ColumnElement[Any], which: ColumnElement[bool]
) -> list[Counted]:
    since = micros(query.since)
    slot = (at - since) // _SLOT
    statement = (
        select(
            attempts.c.stage,
            attempts.c.machine,
            attempts.c.home,
            slot.label("slot"),
            func.count().label("number"),
            _how_many(at > micros(query.hour_ago)).label("last_hour"),
            _how_many(at >= micros(query.midnight)).label("today"),
            func.max(at).label("last"),
        )
        .where(at >= since, at <= micros(query.until), which, *_those(query))
        .group_by(attempts.c.stage, attempts.c.machine, attempts.c.home, slot)
    )
    found = connection.execute(statement).all()
    return [
        Counted.unchecked(
            {
                "stage": stage,
                "machine": machine or home,
                "slot": int(slot),
                "number": number,
                "last_hour": int(last_hour),
                "today": int(today),
                "last": moment(last),
            }
        )
        for stage, machine, home, slot, number, last_hour, today, last in found
    ]


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _durations(query: CountQuery) -> Select[Any, Any, Any, Any]:
    took = attempts.c.ended - attempts.c.started
    return (
        select(attempts.c.stage, attempts.c.machine, attempts.c.home, took.label("took"))
        .where(
            attempts.c.ended >= micros(query.since),
            # Without an upper end a database that has no statistics yet reads the whole table.
            attempts.c.ended <= micros(query.until),
            attempts.c.outcome == "Succeeded",
            attempts.c.started.is_not(None),
            *_those(query),
        )
        .order_by(desc(attempts.c.ended))
        .limit(DURATIONS_READ)
    )


def _those(query: CountQuery | EndedQuery) -> list[ColumnElement[bool]]:
    wanted = list(one_of(attempts.c.namespace, query.namespaces))
    if query.pipeline is not None:
        wanted.append(attempts.c.pipeline == query.pipeline)
    return wanted
