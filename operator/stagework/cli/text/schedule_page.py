"""Schedules as a table, as a page of one, and as JSON."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from stagework.api import names
from stagework.api.durations import short
from stagework.api.schedule_answers import ScheduleRow, SchedulerStanding
from stagework.api.scheduledjob import ScheduledJob
from stagework.cli.text.tables import Cell, Table, one_line
from stagework.overview.states import Tone

_TITLES = ("NAME", "STATUS", "SCHEDULE", "TZ", "ACTIVE", "LAST", "NEXT", "AGE")
_TONES: dict[str, Tone] = {
    names.SCHEDULED: "busy",
    names.FINISHED: "good",
    names.SUSPENDED: "wait",
    names.RUN_REFUSED: "bad",
    names.RUNS_NOT_REMOVED: "bad",
    names.INVALID_SPEC: "bad",
    names.NOT_UNDERSTOOD: "bad",
}


def table(rows: Iterable[ScheduleRow], now: datetime, *, namespaces: bool = False) -> Table:
    """The rows as a table."""
    titles = ("NAMESPACE", *_TITLES) if namespaces else _TITLES
    return Table(titles, tuple(_cells(row, now, namespaces=namespaces) for row in rows))


def objects(rows: Iterable[ScheduleRow]) -> list[dict[str, object]]:
    """The rows as `-o json` prints them."""
    return [
        {
            "namespace": row.namespace,
            "name": row.name,
            "status": row.status,
            "schedule": row.schedule,
            "time_zone": row.timeZone,
            "active": row.active,
            "last": row.lastScheduleTime.isoformat() if row.lastScheduleTime else None,
            "next": row.next,
        }
        for row in rows
    ]


def page(schedule: ScheduledJob) -> list[str]:
    """All that is to be known of one."""
    status, stats = schedule.status, schedule.status.stats
    average = stats.averageExecutionSeconds
    took = f", {short(average)} on average" if average is not None else ""
    lines = [
        f"{schedule.metadata.name}: {status.summary or 'not seen by the operator yet'}",
        *([f"  {one_line(status.message)}"] if status.message else []),
        f"  when: {one_line(status.description)} ({schedule.spec.timeZone})",
        (
            f"  runs: {stats.totalExecutions} made, {stats.successfulExecutions} succeeded{took},"
            f" {stats.failedExecutions} failed, {status.active} active;"
            f" {stats.skipped} slots skipped"
        ),
        *(f"  active: {run.name}" for run in status.activeRuns),
        *(f"  waits for room: {run.name}" for run in status.queuedRuns),
        *(f"  next: {moment}" for moment in status.nextRunTimes),
    ]
    return [line for line in lines if line.strip()]


def times(moments: Sequence[str]) -> list[str]:
    """One a line; a sentence where there are none."""
    return list(moments) or ["no slot is to come"]


def status_lines(status: SchedulerStanding) -> list[str]:
    """How it stands with all of them."""
    return [
        f"is_running: {str(status.is_running).lower()}",
        f"job_count: {status.job_count}",
        *(f"next: {run.next_run_time.isoformat()} {run.job_id}" for run in status.next_run_times),
    ]


def status_object(status: SchedulerStanding) -> dict[str, Any]:
    """The same as `-o json` prints it: in the words of the scheduler that this replaces."""
    return {
        "is_running": status.is_running,
        "job_count": status.job_count,
        "next_run_times": [
            {"job_id": run.job_id, "next_run_time": run.next_run_time.isoformat()}
            for run in status.next_run_times
        ],
    }


def _cells(row: ScheduleRow, now: datetime, *, namespaces: bool) -> tuple[Cell, ...]:
    seen = row.lastScheduleTime
    last = short((now - seen).total_seconds()) if seen is not None else ""
    cells = [
        Cell(row.name),
        Cell(row.status, _TONES.get(row.status, "plain")),
        Cell(row.schedule),
        Cell(row.timeZone),
        Cell(str(row.active)),
        Cell(last),
        Cell(row.next),
        Cell(short((now - row.created).total_seconds())),
    ]
    return (Cell(row.namespace), *cells) if namespaces else tuple(cells)
