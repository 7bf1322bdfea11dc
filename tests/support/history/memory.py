"""The twin in memory: what every kind of history does, said in Python."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from stagework.api.background_jobs import MOST_JOBS, BackgroundJob, JobNews, after_news
from stagework.api.facts import (
    AnyFact,
    AttemptFact,
    BatchFact,
    InterventionFact,
    Key,
    RunFact,
)
from stagework.api.history import (
    Counted,
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
    SlowStage,
    Took,
)
from stagework.history.errors import HistoryUnavailable
from stagework.history.paging import page_of, place_of_failed, place_of_run
from stagework.history.rows import in_order, micros
from stagework.policies.fact_merging import merged
from tests.support.history.facts import failed_stage
from tests.support.history.items import MemoryItems

FactT = TypeVar("FactT", RunFact, AttemptFact, InterventionFact, BatchFact)
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


class MemoryHistory:
    """See `History`."""

    def __init__(self) -> None:
        self.facts: dict[Key, AnyFact] = {}
        self.background: dict[tuple[str, str], BackgroundJob] = {}
        self.away = False
        """A test says that nothing can be done."""
        self.items = MemoryItems(self._check)

    async def open(self) -> None:
        self._check()

    async def close(self) -> None:
        pass

    async def record(self, facts: Sequence[AnyFact]) -> None:
        self._check()
        for fact in facts:
            known = self.facts.get(fact.key)
            self.facts[fact.key] = fact if known is None else merged(known, fact)

    async def runs(self, query: RunQuery) -> Page[RunFact]:
        self._check()
        found = [run for run in self._of(RunFact) if _asked_for(run, query)]
        found.sort(key=lambda run: (run.created, run.uid), reverse=True)
        return page_of(found[: query.limit + 1], query.limit, place_of_run)

    async def batches(self, query: RunQuery) -> Page[BatchFact]:
        self._check()
        return batches_page(self._of(BatchFact), query)

    async def batches_like(self, like: LikeBatches) -> list[BatchFact]:
        self._check()
        return last_like(self._of(BatchFact), like)

    async def run(self, uid: str) -> RunHistory | None:
        self._check()
        run = self.facts.get(("Run", uid, "", 0))
        if not isinstance(run, RunFact):
            return None
        asked = [about for about in self._of(InterventionFact) if about.run == uid]
        return RunHistory(
            run=run,
            attempts=in_order(attempt for attempt in self._of(AttemptFact) if attempt.uid == uid),
            interventions=sorted(asked, key=lambda about: (about.asked, about.uid)),
        )

    async def failed(self, query: FailedQuery) -> Page[FailedStage]:
        self._check()
        runs = {run.uid: run for run in self._of(RunFact)}
        found = [
            failed_stage(attempt, runs.get(attempt.uid))
            for attempt in self._of(AttemptFact)
            if attempt.outcome == "Failed" and not attempt.followed
        ]
        found = [stage for stage in found if _failed_for(stage, query)]
        found.sort(key=_place, reverse=True)
        return page_of(found[: query.limit + 1], query.limit, place_of_failed)

    async def counts(self, query: CountQuery) -> Counts:
        self._check()
        known = [one for one in self._of(AttemptFact) if _counts_for(one, query)]
        return counts_of(known, query)

    async def ended(self, query: EndedQuery) -> Ended:
        self._check()
        known = [
            one
            for one in self._of(AttemptFact)
            if _counts_for(one, query)
            and one.ended is not None
            and query.since <= one.ended < query.until
        ]
        return Ended(
            done=sum(one.outcome == "Succeeded" for one in known),
            failed=sum(one.outcome == "Failed" and not one.followed for one in known),
        )

    async def namespaces(self) -> list[str]:
        self._check()
        of_jobs = {namespace for namespace, _ in self.background}
        return sorted(of_jobs | {run.namespace for run in self._of(RunFact)})

    async def begin_job(self, begun: BackgroundJob) -> None:
        self._check()
        self.background[begun.namespace, begun.id] = begun

    async def update_job(self, namespace: str, uid: str, news: JobNews) -> BackgroundJob | None:
        self._check()
        known = self.background.get((namespace, uid))
        if known is None or known.state != "running":
            return None
        self.background[namespace, uid] = updated = after_news(known, news)
        return updated

    async def jobs(self, namespaces: Sequence[str], ended_since: datetime) -> list[BackgroundJob]:
        self._check()
        found = [
            known
            for known in self.background.values()
            if known.namespace in namespaces and (known.ended is None or known.ended >= ended_since)
        ]
        found.sort(key=lambda known: (known.started, known.id), reverse=True)
        return found[:MOST_JOBS]

    async def sweep(self, before: datetime, limit: int) -> int:
        self._check()
        old = sorted((run for run in self._of(RunFact) if run.at < before), key=lambda run: run.at)
        gone = sorted((b for b in self._of(BatchFact) if b.at < before), key=lambda b: b.at)
        uids = {known.uid for known in (*old[:limit], *gone[:limit])}
        self.facts = {key: fact for key, fact in self.facts.items() if fact.run_uid not in uids}
        silent = [key for key, known in self.background.items() if known.heartbeat < before]
        for key in silent[:limit]:
            del self.background[key]
        costs = self.items.sweep(micros(before), limit)
        return len(uids) + costs + len(silent[:limit])

    async def old(self, before: datetime) -> int:
        self._check()
        silent = sum(known.heartbeat < before for known in self.background.values())
        known = (*self._of(RunFact), *self._of(BatchFact))
        return silent + sum(one.at < before for one in known)

    async def digest(self, query: DigestQuery) -> Digest:
        self._check()
        runs = [run for run in self._of(RunFact) if _in_span(run, query)]
        tried = [attempt for attempt in self._of(AttemptFact) if _in_span(attempt, query)]
        states = {run.state for run in runs}
        return Digest(
            runs={state: sum(run.state == state for run in runs) for state in states},
            failedStages=sum(a.outcome == "Failed" and not a.followed for a in tried),
            deferredStages=sum(a.outcome == "Deferred" for a in tried),
            slowest=_slowest(tried)[: query.slowest],
        )

    def _of(self, kind: type[FactT]) -> list[FactT]:
        return [fact for fact in self.facts.values() if isinstance(fact, kind)]

    def _check(self) -> None:
        if self.away:
            raise HistoryUnavailable("made unavailable by a test")


def counts_of(known: list[AttemptFact], query: CountQuery) -> Counts:
    """Of these attempts."""
    done = [one for one in known if one.outcome == "Succeeded"]
    first = [one for one in known if one.attempt == 1]
    ended = [(one, one.ended) for one in done if one.ended is not None]
    ended.sort(key=lambda pair: pair[1], reverse=True)
    return Counts(
        done=_counted(ended, query),
        arrived=_counted([(one, one.queued) for one in first if one.queued is not None], query),
        took=[
            Took(
                stage=one.stage,
                machine=one.machine or one.home,
                seconds=(end - one.started).total_seconds(),
            )
            for one, end in ended
            if one.started is not None and end >= query.since
        ],
    )


def batches_page(batches: list[BatchFact], query: RunQuery) -> Page[BatchFact]:
    """The newest first."""
    whatever = query.model_copy(update={"subject": None})
    found = [batch for batch in batches if _asked_for(batch, whatever)]
    found.sort(key=lambda batch: (batch.created, batch.uid), reverse=True)
    return page_of(found[: query.limit + 1], query.limit, place_of_run)


def last_like(batches: list[BatchFact], like: LikeBatches) -> list[BatchFact]:
    """As they ended."""
    found = [
        batch
        for batch in batches
        if (batch.namespace, batch.pipeline, batch.revision) == like[:3] and batch.ended is not None
    ]
    found.sort(key=lambda batch: (batch.ended or _NEVER, batch.uid))
    return found[-like.limit :]


def _place(stage: FailedStage) -> tuple[datetime, str, str]:
    return (stage.failedAt or _NEVER, stage.uid, stage.stage)


def _asked_for(run: RunFact | BatchFact, query: RunQuery) -> bool:
    named = ("name", "pipeline", "tenant", "state")
    text = (query.text or "").casefold()
    if isinstance(run, RunFact):
        named = (*named, "subject")
        if not any(text in one.casefold() for one in (run.title, run.subject, run.name, run.uid)):
            return False
    return (
        (query.namespaces is None or run.namespace in query.namespaces)
        and all(getattr(query, name) in {None, getattr(run, name)} for name in named)
        and (query.since is None or run.created >= query.since)
        and (query.until is None or run.created < query.until)
        and (query.after is None or (run.created, run.uid) < (query.after[0], *query.after[1]))
    )


def _failed_for(stage: FailedStage, query: FailedQuery) -> bool:
    named = ("pipeline", "stage", "tenant")
    return (
        (query.namespaces is None or stage.namespace in query.namespaces)
        and all(getattr(query, name) in {None, getattr(stage, name)} for name in named)
        and (query.since is None or (stage.failedAt or _NEVER) >= query.since)
        and (query.after is None or _place(stage) < (query.after[0], *query.after[1]))
    )


def _counts_for(attempt: AttemptFact, query: CountQuery | EndedQuery) -> bool:
    return (
        query.namespaces is None or attempt.namespace in query.namespaces
    ) and query.pipeline in {None, attempt.pipeline}


def _counted(attempts: list[tuple[AttemptFact, datetime]], query: CountQuery) -> list[Counted]:
    found: dict[tuple[str, str, int], list[datetime]] = {}
    for attempt, moment in attempts:
        if query.since <= moment <= query.until:
            slot = (moment - query.since) // timedelta(minutes=30)
            key = (attempt.stage, attempt.machine or attempt.home, slot)
            found.setdefault(key, []).append(moment)
    return [
        Counted(
            stage=stage,
            machine=machine,
            slot=slot,
            number=len(moments),
            last_hour=sum(moment > query.hour_ago for moment in moments),
            today=sum(moment >= query.midnight for moment in moments),
            last=max(moments),
        )
        for (stage, machine, slot), moments in found.items()
    ]


def _in_span(fact: RunFact | AttemptFact, query: DigestQuery) -> bool:
    named = query.namespaces is None or fact.namespace in query.namespaces
    return named and fact.ended is not None and query.since <= fact.ended < query.until


def _slowest(tried: Sequence[AttemptFact]) -> list[SlowStage]:
    took: dict[str, list[float]] = {}
    for attempt in tried:
        if attempt.outcome == "Succeeded" and attempt.started and attempt.ended:
            seconds = (attempt.ended - attempt.started).total_seconds()
            took.setdefault(attempt.stage, []).append(seconds)
    stages = [
        SlowStage(
            stage=stage,
            number=len(spans),
            meanSeconds=round(sum(spans) / len(spans), 3),
            longestSeconds=max(spans),
        )
        for stage, spans in took.items()
    ]
    return sorted(stages, key=lambda slow: (-slow.meanSeconds, slow.stage))
