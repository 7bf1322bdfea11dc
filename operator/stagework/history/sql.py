"""History in SQLite or PostgreSQL: its statements, each in one transaction of the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, tuple_

from stagework.api.background_jobs import BackgroundJob, JobNews
from stagework.api.facts import (
    AnyFact,
    AttemptFact,
    BatchFact,
    InterventionFact,
    Key,
    RunFact,
)
from stagework.api.history import (
    CountQuery,
    Counts,
    Digest,
    DigestQuery,
    Ended,
    EndedQuery,
    FailedQuery,
    FailedStage,
    LikeBatches,
    Page,
    RunHistory,
    RunQuery,
)
from stagework.history import background_jobs, counting, digests, queries
from stagework.history.database import Database
from stagework.history.paging import page_of, place_of_failed, place_of_run
from stagework.history.rows import TABLES, fact_of, failed_row, in_order, micros, row_of
from stagework.history.sql_items import SqlItems
from stagework.history.tables import attempts, batch_facts, chunk_costs, interventions, runs
from stagework.history.upserts import write
from stagework.policies.fact_merging import merged
from stagework.settings import HistorySettings

_OF_RUNS: Final = ((attempts, attempts.c.uid), (interventions, interventions.c.run))


class SqlHistory:
    """See `History`."""

    def __init__(self, settings: HistorySettings) -> None:
        self._database = Database(settings)
        self._items = SqlItems(self._database)

    @property
    def items(self) -> SqlItems:
        """See History."""
        return self._items

    async def open(self) -> None:
        """See History."""
        await self._database.open()

    async def close(self) -> None:
        """See History; what is being done comes to its end."""
        await self._database.close()

    async def record(self, facts: Sequence[AnyFact]) -> None:
        """See History."""
        if facts:
            await self._database.write(lambda connection: _record(connection, facts))

    async def runs(self, query: RunQuery) -> Page[RunFact]:
        """See History."""
        ask = self._database.read if query.text is None else self._database.search
        return await ask(lambda connection: _runs(connection, query))

    async def run(self, uid: str) -> RunHistory | None:
        """See History."""
        return await self._database.read(lambda connection: _run(connection, uid))

    async def batches(self, query: RunQuery) -> Page[BatchFact]:
        """See History."""
        return await self._database.read(lambda connection: _batches(connection, query))

    async def batches_like(self, like: LikeBatches) -> list[BatchFact]:
        """See History."""
        return await self._database.read(lambda connection: _batches_like(connection, like))

    async def failed(self, query: FailedQuery) -> Page[FailedStage]:
        """See History."""
        return await self._database.read(lambda connection: _failed(connection, query))

    async def counts(self, query: CountQuery) -> Counts:
        """See History."""
        return await self._database.read(lambda connection: counting.counts(connection, query))

    async def ended(self, query: EndedQuery) -> Ended:
        """See History."""
        return await self._database.read(lambda connection: counting.ended(connection, query))

    async def namespaces(self) -> list[str]:
        """See History."""
        return await self._database.read(_namespaces)

    async def begin_job(self, begun: BackgroundJob) -> None:
        """See History."""
        await self._database.write(lambda connection: background_jobs.begin(connection, begun))

    async def update_job(self, namespace: str, uid: str, news: JobNews) -> BackgroundJob | None:
        """See History."""
        return await self._database.write(
            lambda connection: background_jobs.update(connection, namespace, uid, news)
        )

    async def jobs(self, namespaces: Sequence[str], ended_since: datetime) -> list[BackgroundJob]:
        """See History."""
        return await self._database.read(
            lambda connection: background_jobs.known(connection, namespaces, ended_since)
        )

    async def sweep(self, before: datetime, limit: int) -> int:
        """See History."""
        return await self._database.write(
            lambda connection: _sweep(connection, micros(before), limit)
        )

    async def old(self, before: datetime) -> int:
        """See History."""
        return await self._database.read(lambda connection: _old(connection, micros(before)))

    async def digest(self, query: DigestQuery) -> Digest:
        """See History."""
        return await self._database.read(lambda connection: digests.digest(connection, query))


def _record(connection: Connection, facts: Sequence[AnyFact]) -> None:
    """Joined among themselves first: one key may not come twice in a statement."""
    joined: dict[Key, AnyFact] = {}
    for fact in facts:
        known = joined.get(fact.key)
        joined[fact.key] = fact if known is None else merged(known, fact)
    for kind, table in TABLES.items():
        # In one order, so that two who write at once do not wait for each other.
        rows = [row_of(joined[key]) for key in sorted(joined) if key[0] == kind]
        if rows:
            write(connection, table, rows)


def _runs(connection: Connection, query: RunQuery) -> Page[RunFact]:
    rows = connection.execute(queries.runs_page(query)).mappings()
    found = [fact_of(RunFact, row) for row in rows]
    return page_of(found, query.limit, place_of_run)


def _batches(connection: Connection, query: RunQuery) -> Page[BatchFact]:
    rows = connection.execute(queries.batches_page(query)).mappings()
    found = [fact_of(BatchFact, row) for row in rows]
    return page_of(found, query.limit, place_of_run)


def _batches_like(connection: Connection, like: LikeBatches) -> list[BatchFact]:
    rows = connection.execute(queries.batches_like(like)).mappings().all()
    return [fact_of(BatchFact, row) for row in reversed(rows)]


def _run(connection: Connection, uid: str) -> RunHistory | None:
    row = connection.execute(runs.select().where(runs.c.uid == uid)).mappings().first()
    if row is None:
        return None
    tried = connection.execute(queries.attempts_of(uid)).mappings()
    asked = connection.execute(queries.interventions_on(uid)).mappings()
    return RunHistory(
        run=fact_of(RunFact, row),
        attempts=in_order(fact_of(AttemptFact, row) for row in tried),
        interventions=[fact_of(InterventionFact, row) for row in asked],
    )


def _failed(connection: Connection, query: FailedQuery) -> Page[FailedStage]:
    rows = connection.execute(queries.failed_page(query)).mappings().all()
    found = [failed_row(row) for row in rows]
    return page_of(found, query.limit, place_of_failed)


def _namespaces(connection: Connection) -> list[str]:
    found = set[str]()
    for table in (runs, background_jobs.table):
        last: str | None = ""
        while (last := connection.scalar(queries.namespace_after(table, last))) is not None:
            found.add(last)
    return sorted(found)


def _sweep(connection: Connection, before: int, limit: int) -> int:
    uids = list(connection.scalars(queries.old(runs, before, limit)))
    if uids:
        for table, column in _OF_RUNS:
            connection.execute(delete(table).where(column.in_(uids)))
        connection.execute(delete(runs).where(runs.c.uid.in_(uids)))
    gone = list(connection.scalars(queries.old(batch_facts, before, limit)))
    if gone:
        connection.execute(delete(batch_facts).where(batch_facts.c.uid.in_(gone)))
    costs = [tuple(key) for key in connection.execute(queries.old_costs(before, limit))]
    if costs:
        key = tuple_(chunk_costs.c.batch, chunk_costs.c.name)
        connection.execute(delete(chunk_costs).where(key.in_(costs)))
    jobs = background_jobs.sweep(connection, before, limit)
    return len(uids) + len(gone) + len(costs) + jobs


def _old(connection: Connection, before: int) -> int:
    numbers = (connection.scalar(queries.old_number(t, before)) or 0 for t in (runs, batch_facts))
    return sum(numbers) + background_jobs.old(connection, before)
