"""Which alerts are wanted now? Like things are one alert, so that a bad night is a few words.

1. Orphans: in a namespace, stages had lost their process in the last hour, and were given up or
   begun anew.
2. Failed: of what ended of a stage in the last hour too large a part has failed for good.
3. Stuck: stages of that name had their turn, and have not started for too long.
4. Deferred: stages have been put off for a machine class for too long.
5. Store: the API service, or a store behind it, has been away for too long.
6. Schedules: of a namespace, slots passed without a run in the last hour, for they were too late
   or too many.

The rules of Prometheus in the chart ask the same of metrics that are made of the same numbers.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final, TypeVar

from stagework.api.durations import short
from stagework.overview.queue.hours import RECENT
from stagework.overview.queue.places import Places
from stagework.overview.queue.work import Work, WorkState

ValueT = TypeVar("ValueT")

SERVICE: Final = "api-service"
"""Name of the API service among what is watched with the stores behind it."""
NAMED: Final = 3
"""So many of like things are named in a text."""
_RULES: Final = {
    "orphans": "stages have lost their process",
    "failed": "too many stages fail",
    "stuck": "stages are stuck",
    "deferred": "stages are deferred for too long",
    "store": "a store is away",
    "schedules": "slots of schedules were missed",
}
"""Rule to what its title says."""


@dataclass(frozen=True, slots=True)
class AlertLimits:
    """From where on people want to know."""

    failed_ratio: float
    """A larger part has failed; 0 to 1."""
    fewest_ended: int
    """Fewer that ended say nothing."""
    stuck: timedelta
    deferred: timedelta
    store_away: timedelta
    service_away: timedelta
    """Of the API service itself, which every upgrade starts anew."""


@dataclass(frozen=True, slots=True)
class AlertTerms:
    """When people are told, and of which installation."""

    limits: AlertLimits
    well_after: timedelta
    """What was wrong is well once it has not been found wrong for so long."""
    places: Places
    where: str
    """Begins every title."""


@dataclass(frozen=True, slots=True)
class OrphanSeen:
    """An attempt that had lost its process."""

    namespace: str
    run: str
    stage: str
    attempt: int
    at: datetime
    """When that was judged."""


@dataclass(frozen=True, slots=True)
class MissedSchedule:
    """A ScheduledJob of which slots passed without a run."""

    namespace: str
    name: str
    at: datetime
    """When that was last found."""


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """The API service, or what stands behind it."""

    name: str
    fault: str | None
    """What is wrong with it; empty: nothing; None: nobody can say."""
    since: datetime
    """Since when it has been like this, as far as this process knows."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the rules are asked of."""

    rows: Sequence[Work] = ()
    orphans: Sequence[OrphanSeen] = ()
    missed: Sequence[MissedSchedule] = ()
    stores: Sequence[StoreSeen] = ()


@dataclass(frozen=True, slots=True)
class WantedAlert:
    """Something that people should know."""

    key: str
    """Rule and subject, such as `stuck/ocr`: the same while it is about the same."""
    text: str
    """What there is to know, with what to type next."""


@dataclass(frozen=True, slots=True)
class AlertNumbers:
    """Of one stage on one machine class: what the rules count, and the metrics show."""

    machine: str
    stage: str
    failed_1h: int
    """Have failed for good in the last 60 minutes, and were neither retried nor skipped."""
    done_1h: int
    stuck_seconds: float
    """Of the one that has been stuck longest, since its turn; 0 where none is."""
    deferred_seconds: float
    """Of the one that is put off and came into the queue first; 0 where none is."""


def title_of(key: str) -> str:
    """What an alert with this key is about; also where nothing but the key is known."""
    rule, _, subject = key.partition("/")
    return f"{_RULES.get(rule, rule)}: {subject}"


def wanted_alerts(
    situation: Situation, places: Places, limits: AlertLimits, now: datetime
) -> tuple[WantedAlert, ...]:
    """Every alert that is wanted, rule by rule."""
    numbers = alert_numbers(situation.rows, places, now)
    return (
        *_orphans(situation.orphans, now),
        *_failed(numbers, situation.rows, limits, now),
        *_stuck(situation.rows, limits, now),
        *_deferred(situation.rows, places, limits, now),
        *_stores(situation.stores, limits, now),
        *_schedules(situation.missed, now),
    )


def unknown_keys(situation: Situation) -> frozenset[str]:
    """Keys of which nobody can say how they stand: they are not well either."""
    return frozenset(f"store/{store.name}" for store in situation.stores if store.fault is None)


def alert_numbers(rows: Iterable[Work], places: Places, now: datetime) -> tuple[AlertNumbers, ...]:
    """What the rules count, by machine class and stage."""
    groups: defaultdict[tuple[str, str], list[Work]] = defaultdict(list)
    machines: dict[tuple[object, ...], str] = {}  # rows are many, and mostly alike
    for work in rows:
        alike = (work.state, work.stage, work.machine, work.classes)
        machine = machines.get(alike)
        if machine is None:
            machine = machines[alike] = _machine(work, places)
        groups[machine, work.stage].append(work)
    return tuple(
        AlertNumbers(
            machine,
            stage,
            failed_1h=len(_ended(own, "failed", now)),
            done_1h=len(_ended(own, "done", now)),
            stuck_seconds=_longest(own, "stuck", _stuck_since, now),
            deferred_seconds=_longest(own, "deferred", _deferred_since, now),
        )
        for (machine, stage), own in sorted(groups.items())
    )


def recent_orphans(orphans: Iterable[OrphanSeen], now: datetime) -> list[OrphanSeen]:
    """Those of the last 60 minutes, the newest first."""
    return sorted((o for o in orphans if now - o.at < RECENT), key=attrgetter("at"), reverse=True)


def recent_missed(missed: Iterable[MissedSchedule], now: datetime) -> list[MissedSchedule]:
    """Those of the last 60 minutes, the newest first."""
    return sorted((m for m in missed if now - m.at < RECENT), key=attrgetter("at"), reverse=True)


def _machine(work: Work, places: Places) -> str:
    """The class whose card has it, as on the board."""
    match work.state:
        case "deferred":
            return places.away(work.stage, work.classes)
        case "done":
            return places.worker(work.stage, work.machine, work.classes)
        case _:
            return places.home(work.stage, work.classes)


def _ended(rows: Iterable[Work], state: WorkState, now: datetime) -> list[Work]:
    return [
        work
        for work in rows
        if work.state == state and work.ended_at is not None and now - work.ended_at < RECENT
    ]


def _stuck_since(work: Work) -> datetime:
    return work.turn_at or work.due_at


def _deferred_since(work: Work) -> datetime:
    return work.created_at


def _longest(
    rows: Iterable[Work], state: WorkState, since: Callable[[Work], datetime], now: datetime
) -> float:
    ages = ((now - since(work)).total_seconds() for work in rows if work.state == state)
    return max(ages, default=0.0)


def _orphans(orphans: Sequence[OrphanSeen], now: datetime) -> Iterator[WantedAlert]:
    for namespace, own in _by(recent_orphans(orphans, now), attrgetter("namespace")):
        named = _named(f"{one.run} {one.stage} (attempt {one.attempt})" for one in own)
        yield WantedAlert(
            f"orphans/{namespace}",
            f"{len(own)} in the last hour: {named}. Those that have failed may still run where they"
            f" were: see to that machine, then stagework retry; stagework status --failed"
            f" -n {namespace}",
        )


def _failed(
    numbers: Sequence[AlertNumbers], rows: Sequence[Work], limits: AlertLimits, now: datetime
) -> Iterator[WantedAlert]:
    for stage in sorted({one.stage for one in numbers}):
        own = [one for one in numbers if one.stage == stage]
        failed, done = sum(o.failed_1h for o in own), sum(o.done_1h for o in own)
        ended = failed + done
        if ended < limits.fewest_ended or failed <= limits.failed_ratio * ended:
            continue
        of_stage = (work for work in _ended(rows, "failed", now) if work.stage == stage)
        newest = max(of_stage, key=lambda work: (work.ended_at or now, work.key))
        yield WantedAlert(
            f"failed/{stage}",
            f"{failed} of {ended} that ended in the last hour failed, the last one in"
            f" {newest.namespace}/{newest.run}: {newest.error}; stagework status --failed"
            f" -n {newest.namespace}",
        )


def _stuck(rows: Sequence[Work], limits: AlertLimits, now: datetime) -> Iterator[WantedAlert]:
    late = [w for w in rows if w.state == "stuck" and now - _stuck_since(w) >= limits.stuck]
    for stage, own in _by(late, attrgetter("stage")):
        first = min(own, key=lambda work: (_stuck_since(work), work.key))
        waited = short((now - _stuck_since(first)).total_seconds())
        yield WantedAlert(
            f"stuck/{stage}",
            f"{len(own)}, the first one for {waited}: {first.error};"
            f" kubectl describe pj {first.run} -n {first.namespace}",
        )


def _deferred(
    rows: Sequence[Work], places: Places, limits: AlertLimits, now: datetime
) -> Iterator[WantedAlert]:
    late = [w for w in rows if w.state == "deferred" and now - w.created_at >= limits.deferred]
    for machine, own in _by(late, lambda work: _machine(work, places)):
        first = min(own, key=lambda work: (work.created_at, work.key))
        waited = short((now - first.created_at).total_seconds())
        yield WantedAlert(
            f"deferred/{machine}",
            f"{len(own)} wait for {places.label(machine)}, the first one for {waited}:"
            f" {first.namespace}/{first.run} {first.stage}; stagework top",
        )


def _stores(
    stores: Sequence[StoreSeen], limits: AlertLimits, now: datetime
) -> Iterator[WantedAlert]:
    for store in stores:
        limit = limits.service_away if store.name == SERVICE else limits.store_away
        if store.fault and now - store.since >= limit:
            waited = short((now - store.since).total_seconds())
            yield WantedAlert(f"store/{store.name}", f"for {waited}: {store.fault}")


def _schedules(missed: Sequence[MissedSchedule], now: datetime) -> Iterator[WantedAlert]:
    for namespace, own in _by(recent_missed(missed, now), attrgetter("namespace")):
        yield WantedAlert(
            f"schedules/{namespace}",
            f"{_named(one.name for one in own)}; stagework schedule show {own[0].name}"
            f" -n {namespace}",
        )


def _by(values: Iterable[ValueT], group: Callable[[ValueT], str]) -> list[tuple[str, list[ValueT]]]:
    groups: defaultdict[str, list[ValueT]] = defaultdict(list)
    for value in values:
        groups[group(value)].append(value)
    return sorted(groups.items())


def _named(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more
