"""What came and went, as history tells it: also of runs that are there no more.

While history is away the rows of live runs tell it, and since when that is so is said.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Final, Protocol, TypeVar

from stagework.api.background_jobs import BackgroundJob
from stagework.api.facts import BatchFact
from stagework.api.history import (
    Counted,
    CountQuery,
    Counts,
    Ended,
    EndedQuery,
    Page,
    RunQuery,
)
from stagework.history.errors import HistoryError
from stagework.overview.earlier_batches import JUDGED, estimate_errors
from stagework.overview.queue.background import SHOWN_AFTER_END
from stagework.overview.queue.hours import BUCKETS, Window
from stagework.overview.queue.nights import NightCount, spans
from stagework.overview.queue.past import DURATIONS_KEPT, Arrived, Done, Past
from stagework.overview.queue.places import Places

_SLOT = timedelta(minutes=30)
_NIGHTS_KEPT: Final = 5000
_NightKey = tuple[tuple[str, ...], str, datetime]
"""Namespaces, Pipeline, and when it began."""

AnswerT = TypeVar("AnswerT")

_log = logging.getLogger("stagework.web.queue")


class Counting(Protocol):
    """What is asked of history."""

    async def counts(self, query: CountQuery) -> Counts:
        """Raises HistoryError, as the others do."""
        ...

    async def ended(self, query: EndedQuery) -> Ended:
        """How much ended in a span of time."""
        ...

    async def batches(self, query: RunQuery) -> Page[BatchFact]:
        """The newest first."""
        ...

    async def namespaces(self) -> list[str]:
        """Those of which something is known."""
        ...

    async def jobs(self, namespaces: Sequence[str], ended_since: datetime) -> list[BackgroundJob]:
        """At work, or ended since."""
        ...


class RememberedPast:
    """Asks history."""

    def __init__(
        self, history: Counting, places: Places, wall_clock: Callable[[], datetime]
    ) -> None:
        self._history = history
        self._places = places
        self._wall_clock = wall_clock
        self._nights: dict[_NightKey, NightCount] = {}
        self.away_since: datetime | None = None
        """Since when history gives no answer."""

    async def of(self, namespaces: Iterable[str], pipeline: str, window: Window) -> Past | None:
        """None while history is away."""
        query = CountQuery(
            namespaces=tuple(sorted(namespaces)),
            pipeline=pipeline or None,
            since=min(window.midnight, window.hours[0].begin),
            hour_ago=window.hour_ago,
            midnight=window.midnight,
            until=window.now,
        )
        found = await self._asked(self._history.counts(query))
        if found is None:
            return None
        past = past_from(found, query.since, self._places, window)
        like = RunQuery(namespaces=query.namespaces, pipeline=query.pipeline, limit=JUDGED)
        batches = await self._asked(self._history.batches(like))
        return replace(past, estimates=estimate_errors(batches.items if batches else ()))

    async def nights(
        self, namespaces: Iterable[str], pipeline: str, now: datetime, zone: tzinfo
    ) -> tuple[NightCount, ...]:
        """What ended in the nights that are over; nothing while history is away.

        All but the last one are counted once: what is told late comes within hours.
        """
        wanted, found = tuple(sorted(namespaces)), list[NightCount]()
        *earlier, last = spans(now, zone)
        for span in (*earlier, last):
            key = (wanted, pipeline, span.begin)
            counted = self._nights.get(key)
            if counted is None:
                query = EndedQuery(
                    namespaces=wanted,
                    pipeline=pipeline or None,
                    since=span.begin,
                    until=span.end,
                )
                ended = await self._asked(self._history.ended(query))
                if ended is None:
                    return ()
                counted = NightCount(span, ended.done, ended.failed)
                if span is not last:
                    self._keep(key, counted)
            found.append(counted)
        return tuple(found)

    def _keep(self, key: _NightKey, counted: NightCount) -> None:
        if len(self._nights) >= _NIGHTS_KEPT:
            self._nights.clear()
        self._nights[key] = counted

    async def namespaces(self) -> frozenset[str]:
        """Those of which history knows something; none while it is away."""
        return frozenset(await self._asked(self._history.namespaces()) or ())

    async def background(self, namespaces: Iterable[str], now: datetime) -> list[BackgroundJob]:
        """Background jobs that the board may show; none while history is away."""
        asked = self._history.jobs(sorted(namespaces), now - SHOWN_AFTER_END)
        return await self._asked(asked) or []

    async def _asked(self, question: Awaitable[AnswerT]) -> AnswerT | None:
        try:
            answer = await question
        except HistoryError as error:
            if self.away_since is None:
                self.away_since = self._wall_clock()
                _log.warning("history is away", extra={"error": str(error)})
            return None
        self.away_since = None
        return answer


def past_from(found: Counts, since: datetime, places: Places, window: Window) -> Past:
    """Counts in slots as counts in the board's hours."""
    done: dict[tuple[str, str], list[Counted]] = {}
    for counted in found.done:
        machine = places.worker(counted.stage, counted.machine)
        done.setdefault((counted.stage, machine), []).append(counted)
    arrived: dict[str, list[Counted]] = {}
    for counted in found.arrived:
        arrived.setdefault(counted.stage, []).append(counted)
    durations: dict[tuple[str, str], list[float]] = {}
    for took in found.took:
        key = (took.stage, places.worker(took.stage, took.machine))
        durations.setdefault(key, []).append(took.seconds)
    return Past(
        done=tuple(
            Done(
                stage,
                machine,
                last_hour=sum(one.last_hour for one in own),
                today=sum(one.today for one in own),
                by_hour=_by_hour(own, since, window),
                last_at=max(one.last for one in own),
                durations=tuple(reversed(durations.get((stage, machine), [])[:DURATIONS_KEPT])),
            )
            for (stage, machine), own in done.items()
        ),
        arrived=tuple(
            Arrived(stage, sum(one.last_hour for one in own), _by_hour(own, since, window))
            for stage, own in arrived.items()
        ),
    )


def _by_hour(counted: Iterable[Counted], since: datetime, window: Window) -> tuple[int, ...]:
    hours = [0] * BUCKETS
    for one in counted:
        hour = window.bucket(since + one.slot * _SLOT)
        if hour is not None:
            hours[hour] += one.number
    return tuple(hours)
