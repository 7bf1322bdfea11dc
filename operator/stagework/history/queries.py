"""What is read, as statements; each is answered by an index of `tables.py`."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, desc, false, func, or_, select, tuple_

from stagework.api.history import FailedQuery, LikeBatches, Place, RunQuery
from stagework.history.rows import micros
from stagework.history.tables import attempts, batch_facts, chunk_costs, interventions, runs

OF_RUN: Final = ("name", "title", "subject", "tenant")
"""What a failed stage says of its run."""
_QUOTE: Final = "/"
_SIGNS: Final = re.compile("[/%_]")
"""What LIKE reads as more than itself."""
_FAILED_ORDER: Final = (attempts.c.ended, attempts.c.uid, attempts.c.stage)


def runs_page(query: RunQuery) -> Select[Any]:
    """Runs, the newest first; one more than asked for tells whether there are more."""
    return (
        select(runs)
        .where(*_runs_that(query))
        .order_by(*map(desc, _order_of(runs)))
        .limit(query.limit + 1)
    )


def _order_of(table: Table) -> tuple[ColumnElement[Any], ...]:
    return (table.c.created, table.c.uid)


def _runs_that(query: RunQuery) -> Iterator[ColumnElement[bool]]:
    yield from _that(runs, query)
    yield from _where((runs.c.subject, query.subject))
    if query.text is not None:
        # No index helps here: runs are walked by their age until a page is full.
        columns = (runs.c.title, runs.c.subject, runs.c.name, runs.c.uid)
        yield or_(*(_has(one, query.text) for one in columns))


def _has(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """In whatever case: the database itself lowers both, by one rule for all letters."""
    literal = _SIGNS.sub(rf"{_QUOTE}\g<0>", text)
    return func.lower(column).like(func.lower(f"%{literal}%"), escape=_QUOTE)


def _that(table: Table, query: RunQuery) -> Iterator[ColumnElement[bool]]:
    """Of runs or batches."""
    yield from one_of(table.c.namespace, query.namespaces)
    yield from _where(
        (table.c.name, query.name),
        (table.c.pipeline, query.pipeline),
        (table.c.tenant, query.tenant),
        (table.c.state, query.state),
    )
    if query.since is not None:
        yield table.c.created >= micros(query.since)
    if query.until is not None:
        yield table.c.created < micros(query.until)
    yield from _behind(_order_of(table), query.after)


def batches_page(query: RunQuery) -> Select[Any]:
    """Batches likewise."""
    return (
        select(batch_facts)
        .where(*_that(batch_facts, query))
        .order_by(*map(desc, _order_of(batch_facts)))
        .limit(query.limit + 1)
    )


def batches_like(like: LikeBatches) -> Select[Any]:
    """The last ones that have ended."""
    return (
        select(batch_facts)
        .where(
            batch_facts.c.namespace == like.namespace,
            batch_facts.c.pipeline == like.pipeline,
            batch_facts.c.revision == like.revision,
            batch_facts.c.ended.is_not(None),
        )
        .order_by(desc(batch_facts.c.ended), desc(batch_facts.c.uid))
        .limit(like.limit)
    )


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


def old(table: Table, before: int, limit: int) -> Select[Any]:
    """Uids of runs or batches of which nothing was said since."""
    return select(table.c.uid).where(table.c.at < before).order_by(table.c.at).limit(limit)


def old_number(table: Table, before: int) -> Select[Any]:
    """How many there are."""
    return select(func.count()).select_from(table).where(table.c.at < before)


def old_costs(before: int, limit: int) -> Select[Any, Any]:
    """Keys of what chunks have cost that ended before."""
    key = (chunk_costs.c.batch, chunk_costs.c.name)
    ended = chunk_costs.c.ended
    return select(*key).where(ended < before).order_by(ended).limit(limit)
