"""What history can do, as a Protocol; one suite holds all its kinds to it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from stagework.api.background_jobs import BackgroundJob, JobNews
from stagework.api.facts import AnyFact, BatchFact, RunFact
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
from stagework.history.items import Items


class History(Protocol):
    """Raises HistoryUnavailable wherever the database cannot do it now."""

    @property
    def items(self) -> Items:
        """The copy of batches' items, in the same database."""
        ...

    async def open(self) -> None:
        """Bring the tables up to date; nothing else works before. Safe to do again."""
        ...

    async def close(self) -> None:
        """Let go of the database."""
        ...

    async def record(self, facts: Sequence[AnyFact]) -> None:
        """Join all of these with what is known, or none of them; once it returns they are kept.

        Raises FactRefused where one of them can never be stored.
        """
        ...

    async def runs(self, query: RunQuery) -> Page[RunFact]:
        """Runs, the newest first."""
        ...

    async def run(self, uid: str) -> RunHistory | None:
        """One run; None where nothing is known of it."""
        ...

    async def batches(self, query: RunQuery) -> Page[BatchFact]:
        """Batches, the newest first; whatever `subject` says, for they have none."""
        ...

    async def batches_like(self, like: LikeBatches) -> list[BatchFact]:
        """Batches of that pipeline that have ended, the last ones, the oldest of these first."""
        ...

    async def failed(self, query: FailedQuery) -> Page[FailedStage]:
        """Failed stages, the newest first."""
        ...

    async def counts(self, query: CountQuery) -> Counts:
        """How much was done and came in a span of time."""
        ...

    async def ended(self, query: EndedQuery) -> Ended:
        """How much ended in a span of time."""
        ...

    async def namespaces(self) -> list[str]:
        """Those of which a run or a background job is known."""
        ...

    async def begin_job(self, begun: BackgroundJob) -> None:
        """A background job has begun; one of its id that was there before is forgotten."""
        ...

    async def update_job(self, namespace: str, uid: str, news: JobNews) -> BackgroundJob | None:
        """How it goes now, or how it has ended; None: none of that id is at work."""
        ...

    async def jobs(self, namespaces: Sequence[str], ended_since: datetime) -> list[BackgroundJob]:
        """Those at work, and those that ended then or later, the newest first; 200 at most."""
        ...

    async def sweep(self, before: datetime, limit: int) -> int:
        """Forget runs, batches, costs of chunks and background jobs, at most `limit` of each, of
        which nothing was said since `before`; how many.
        """
        ...

    async def old(self, before: datetime) -> int:
        """How many runs, batches and background jobs a sweep would forget, done to the end."""
        ...

    async def digest(self, query: DigestQuery) -> Digest:
        """What a span of time has brought."""
        ...
