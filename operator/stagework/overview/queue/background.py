"""Background jobs: work of programs that are no pipelines, as they say of themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from stagework.api.background_jobs import BackgroundJob, JobState
from stagework.overview.queue.places import Places

STALE: Final = timedelta(minutes=5)
"""A running job that has not been heard of for longer than this is stale."""
SHOWN_AFTER_END: Final = timedelta(hours=6)
"""Finished jobs are shown for so long."""
MOST_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class BackgroundRow:
    """A job as the board shows it."""

    id: str
    kind: str
    label: str
    state: JobState
    processed: int | None
    total: int | None
    elapsed_sec: int
    """From its start to its end, or to now."""
    stale: bool
    error: str
    machine: str


def background_rows(
    known: Iterable[BackgroundJob], places: Places, kinds: Mapping[str, str], now: datetime
) -> tuple[BackgroundRow, ...]:
    """Those that run, the newest first, then those that ended in the last 6 h; 20 at most.

    `kinds`: the machine class of each kind of entry.
    """
    shown = [
        entry for entry in known if entry.ended is None or now - entry.ended <= SHOWN_AFTER_END
    ]
    shown.sort(key=lambda entry: (entry.ended is None, entry.ended or entry.started), reverse=True)
    return tuple(
        BackgroundRow(
            id=entry.id,
            kind=entry.kind,
            label=entry.label or entry.kind,
            state=entry.state,
            processed=entry.processed,
            total=entry.total,
            elapsed_sec=max(0, int(((entry.ended or now) - entry.started).total_seconds())),
            stale=entry.ended is None and now - entry.heartbeat > STALE,
            error=entry.error,
            machine=places.of_kind(entry.kind, kinds, entry.machine),
        )
        for entry in shown[:MOST_ROWS]
    )
