"""The queue's numbers as metrics, by machine class and stage: counted when they are asked for.

They come from the same functions as the board, over the rows of all runs that are there, as the
last decision about each left them. Only the leader decides: the others show none.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus
from stagework.overview.alert_rules import AlertNumbers, alert_numbers
from stagework.overview.queue.hours import RECENT, window
from stagework.overview.queue.live import work_of
from stagework.overview.queue.past import Past, past_of
from stagework.overview.queue.places import Places
from stagework.overview.queue.stage_rows import StageNumbers, stage_rows
from stagework.overview.queue.work import Work
from stagework.plans.pipelinejob.snapshot import Snapshot

_LABELS = ("machine", "stage")
_QUEUE: dict[str, tuple[str, Callable[[StageNumbers], float | None]]] = {
    "stagework_queue_pending": (
        "Stages that could run and wait, by the class whose card has them.",
        lambda row: row.pending,
    ),
    "stagework_queue_deferred": (
        "Stages that wait for a machine or an endpoint that is away.",
        lambda row: row.deferred,
    ),
    "stagework_queue_processing": (
        "Stages whose turn has come and that have not ended.",
        lambda row: row.processing,
    ),
    "stagework_queue_failed": (
        "Stages that have failed for good and were neither retried nor skipped.",
        lambda row: row.failed,
    ),
    "stagework_queue_oldest_pending_seconds": (
        "How long the stage that waits longest could have run; 0 where none waits.",
        lambda row: row.oldest_pending_age_sec or 0,
    ),
    "stagework_queue_inflow_1h": (
        "Stages that came into the queue in the last 60 minutes.",
        lambda row: row.created_1h,
    ),
    "stagework_queue_eta_minutes": (
        "pending / (done - inflow) * 60, of the last 60 minutes; absent where inflow outruns it.",
        lambda row: row.eta.eta_minutes,
    ),
}
"""Metric to its help and to its value in a row of the board."""
_DONE = "stagework_queue_done_1h"
_ALERTS: dict[str, tuple[str, Callable[[AlertNumbers], float]]] = {
    "stagework_queue_failed_1h": (
        "Stages that failed for good in the last 60 minutes and were neither retried nor skipped.",
        lambda row: row.failed_1h,
    ),
    "stagework_queue_ended_1h": (
        "Stages that were done or failed for good in the last 60 minutes.",
        lambda row: row.done_1h + row.failed_1h,
    ),
    "stagework_queue_oldest_stuck_seconds": (
        "Since the turn of the stage that has been stuck longest; 0 where none is.",
        lambda row: row.stuck_seconds,
    ),
    "stagework_queue_oldest_deferred_seconds": (
        "Since the deferred stage that waits longest came into the queue; 0 where none is.",
        lambda row: row.deferred_seconds,
    ),
}
"""Likewise of what the rules of alerts count."""


class QueueNumbers(Collector):
    """Keeps the rows of every run: of what is done those of the last hour."""

    def __init__(
        self, registry: CollectorRegistry, places: Places, wall_clock: Callable[[], datetime]
    ) -> None:
        self._places = places
        self._wall_clock = wall_clock
        self._rows: dict[str, dict[str, Work]] = {}
        self._gone: dict[str, None] = {}
        """Runs that are there no more and have done something in the last hour, as they went."""
        registry.register(self)

    def note(self, snapshot: Snapshot, status: PipelineJobStatus | None) -> None:
        """What a run has in the queue once it has this status; replaces what was said before.

        None: its status stays, and so does what is known of it.
        """
        run, resolved = snapshot.run, snapshot.resolved
        uid = run.metadata.uid
        if status is None and uid in self._rows:
            return
        self._gone.pop(uid, None)
        decided = PipelineJob.model_construct(
            metadata=run.metadata, spec=run.spec, status=status or run.status
        )
        stages = resolved.stages if resolved is not None else ()
        hour_ago = self._wall_clock() - RECENT
        rows = work_of(decided, stages, self._places, self._rows.get(uid))
        kept = {row.stage: row for row in rows if _counts(row, hour_ago)}
        if kept:
            self._rows[uid] = kept
        else:
            self.forget(uid)

    def forget(self, run_uid: str) -> None:
        """The run is gone, or goes with its namespace: what it has done counts for its hour."""
        hour_ago = self._wall_clock() - RECENT
        rows = self._rows.pop(run_uid, {})
        done = {s: row for s, row in rows.items() if row.state == "done" and _counts(row, hour_ago)}
        if done:
            self._rows[run_uid] = done
            self._gone[run_uid] = None
        self._drop_old(hour_ago)

    def _drop_old(self, hour_ago: datetime) -> None:
        """Those that went first, as far as nothing of them counts any more; from any thread."""
        while (first := next(iter(list(self._gone)), None)) is not None:
            if any(_counts(row, hour_ago) for row in self._rows.get(first, {}).values()):
                return
            self._gone.pop(first, None)
            self._rows.pop(first, None)

    def clear(self) -> None:
        """This process decides no more."""
        self._gone.clear()
        self._rows.clear()

    def rows(self) -> list[Work]:
        """All of them, as of now; from any thread: a copy first, in one step."""
        self._drop_old(self._wall_clock() - RECENT)
        return [row for own in list(self._rows.values()) for row in own.values()]

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The metrics without values."""
        for name, (text, _) in _QUEUE.items():
            yield GaugeMetricFamily(name, text, labels=_LABELS)
        yield _done_gauge()
        for name, (text, _) in _ALERTS.items():
            yield GaugeMetricFamily(name, text, labels=_LABELS)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The metrics as of now; asked from another thread."""
        rows, hours = self.rows(), window(self._wall_clock(), UTC)
        past = past_of(rows, self._places, hours)
        counted = stage_rows(rows, past, self._places, hours)
        for name, (text, value) in _QUEUE.items():
            gauge = GaugeMetricFamily(name, text, labels=_LABELS)
            for row in counted:
                shown = value(row)
                if shown is not None:
                    gauge.add_metric((row.machine, row.stage), shown)
            yield gauge
        yield _done(past)
        yield from _for_alerts(rows, self._places, hours.now)


def _for_alerts(rows: Sequence[Work], places: Places, now: datetime) -> Iterator[GaugeMetricFamily]:
    counted = alert_numbers(rows, places, now)
    for name, (text, value) in _ALERTS.items():
        gauge = GaugeMetricFamily(name, text, labels=_LABELS)
        for row in counted:
            gauge.add_metric((row.machine, row.stage), value(row))
        yield gauge


def _done(past: Past) -> GaugeMetricFamily:
    gauge = _done_gauge()
    for done in past.done:
        gauge.add_metric((done.machine, done.stage), done.last_hour)
    return gauge


def _done_gauge() -> GaugeMetricFamily:
    text = "Stages done in the last 60 minutes, by the class that did them."
    return GaugeMetricFamily(_DONE, text, labels=_LABELS)


def _counts(row: Work, hour_ago: datetime) -> bool:
    """What was done before the last hour is in none of these numbers."""
    return row.state != "done" or (row.ended_at is not None and row.ended_at > hour_ago)
