"""What is read, as statements; each is answered by an index of `tables.py`."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, desc, false, func, select, tuple_

from stagework.api.history import FailedQuery, Place, RunQuery
from stagework.history.rows import micros
from stagework.history.tables import attempts, interventions, runs

OF_RUN: Final = ("name", "title", "subject", "tenant")
"""What a failed stage says of its run."""
_RUNS_ORDER: Final = (runs.c.created, runs.c.uid)
_FAILED_ORDER: Final = (attempts.c.ended, attempts.c.uid, attempts.c.stage)


def runs_page(query: RunQuery) -> Select[Any]:
    """Runs, the newest first; one more than asked for tells whether there are more."""
    return (
        select(runs)
        .where(*_runs_that(query))
        .order_by(*map(desc, _RUNS_ORDER))
        .limit(query.limit + 1)
    )


def _runs_that(query: RunQuery) -> Iterator[ColumnElement[bool]]:
    yield from one_of(runs.c.namespace, query.namespaces)
    yield from _where(
        (runs.c.name, query.name),
        (runs.c.pipeline, query.pipeline),
        (runs.c.subject, query.subject),
        (runs.c.tenant, query.tenant),
        (runs.c.state, query.state),
    )
    if query.since is not None:
        yield runs.c.created >= micros(query.since)
    if query.until is not None:
        yield runs.c.created < micros(query.until)
    yield from _behind(_RUNS_ORDER, query.after)


def failed_page(query: FailedQuery) -> Select[Any]:
    """Failed attempts that nobody has followed with another, with what their runs say."""
    return (
        select(attempts, *(runs.c[name].label(f"run_{name}") for name in OF_RUN))
        .outerjoin(runs, runs.c.uid == attempts.c.uid)
        .where(*_failed_that(query))
        .order_by(*map(desc, _FAILED_ORDER))
        .limit(query.limit + 1)
    )


def _failed_that(query: FailedQuery) -> Iterator[ColumnElement[bool]]:
    yield attempts.c.outcome == "Failed"
    yield attempts.c.followed.is_(False)
    yield from one_of(attempts.c.namespace, query.namespaces)
    yield from _where(
        (attempts.c.pipeline, query.pipeline),
        (attempts.c.stage, query.stage),
        (runs.c.tenant, query.tenant),
    )
    if query.since is not None:
        yield attempts.c.ended >= micros(query.since)
    yield from _behind(_FAILED_ORDER, query.after)


def _where(*wanted: tuple[ColumnElement[Any], str | None]) -> Iterator[ColumnElement[bool]]:
    """Of what was asked for; None: whatever stands there."""
    for column, value in wanted:
        if value is not None:
            yield column == value


def _behind(
    order: tuple[ColumnElement[Any], ...], after: Place | None
) -> Iterator[ColumnElement[bool]]:
    """What comes after the last of the page before, the newest first."""
    if after is not None:
        yield tuple_(*order) < (micros(after.moment), *after.words)


def one_of(column: Any, names: Iterable[str] | None) -> Iterator[ColumnElement[bool]]:
    if names is not None:
        wanted = sorted(set(names))
        yield column.in_(wanted) if wanted else false()


def attempts_of(uid: str) -> Select[Any]:
    """All of a run."""
    return select(attempts).where(attempts.c.uid == uid)


def interventions_on(uid: str) -> Select[Any]:
    """Of a run, the first first."""
    order = (interventions.c.asked, interventions.c.uid)
    return select(interventions).where(interventions.c.run == uid).order_by(*order)


def namespace_after(table: Table, name: str) -> Select[Any]:
    """The next namespace that stands in a table: one step along an index, however many rows."""
    return select(func.min(table.c.namespace)).where(table.c.namespace > name)


def old_runs(before: int, limit: int) -> Select[Any]:
    """Uids of runs of which nothing was said since."""
    return select(runs.c.uid).where(runs.c.at < before).order_by(runs.c.at).limit(limit)


def old_runs_number(before: int) -> Select[Any]:
    """How many there are."""
    return select(func.count()).select_from(runs).where(runs.c.at < before)
