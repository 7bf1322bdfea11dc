"""The monitor's log lines: `[Job 3b87ab59...] [150s] vlm_analyze - Status: done`.

The number in the second brackets counts from the run's start. Where the status gives the moment
of a change, that moment counts, so that a late look does not make a stage look slow.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api.pipelinejob import PipelineJob
from stagework.overview.states import counted, current, run_word
from stagework.overview.steps import StepChange
from stagework.overview.tables import Tone
from stagework.overview.verdicts import Verdict

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One log line and how it is toned."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """What the start banner says."""

    namespace: str
    runs: tuple[str, ...]
    pipeline: str
    tenant: str
    after_stage: str
    since_seconds: float
    limit: int
    interval_seconds: float
    timeout_seconds: float
    create_interval_seconds: float | None
    """None: no runs are created."""


def banner(settings: MonitorSettings) -> list[str]:
    """The settings, at the start, a line each."""
    every = settings.create_interval_seconds
    when = f"once {settings.after_stage} is done" if settings.after_stage else "at once"
    chosen = (
        ("runs", "new ones by themselves"),
        ("pipeline", settings.pipeline or "any"),
        ("tenant", settings.tenant or "any"),
        ("created in the last", f"{settings.since_seconds:.0f}s"),
        ("picked up", f"{when}, {settings.limit} at most in one look"),
    )
    shown = (
        ("namespace", settings.namespace or "all"),
        *((("runs", ", ".join(settings.runs)),) if settings.runs else chosen),
        ("look every", f"{settings.interval_seconds:g}s"),
        ("timeout", f"{settings.timeout_seconds:.0f}s (a warning)"),
        ("auto-create", "off" if every is None else f"one run every {every:g}s"),
    )
    rows = [f"  {key + ':':<21}{value}" for key, value in shown]
    hint = "Ctrl-C stops the monitor, never a run; SIGUSR1 lists what is monitored."
    return ["stagework monitor", *rows, f"  {hint}"]


def picked_up(job: PipelineJob, now: datetime, *, by_name: bool) -> Line:
    """The run is followed from now on."""
    where = f"{job.metadata.namespace}/{job.metadata.name}"
    at = job.status.completionTime or now
    return Line(f"{_head(job, at, by_name=by_name)} picked up {where} - {_standing(job)}")


def changed(job: PipelineJob, change: StepChange, now: datetime, *, by_name: bool) -> Line:
    """One step change."""
    head = _head(job, change.at or now, by_name=by_name)
    failed = change.words.startswith("failed")
    return Line(f"{head} {change.stage} - Status: {change.words}", "bad" if failed else "plain")


def ended(job: PipelineJob, end: Verdict, now: datetime, *, by_name: bool) -> Line:
    """The run has ended: total seconds, or the failing step with the next command."""
    at = job.status.completionTime or now
    head, run = _head(job, at, by_name=by_name), job.metadata.name
    if end.kind == "Succeeded":
        return Line(f"{head} completed - {run}: {end.reason} in {_seconds(job, at)}s", "good")
    where = f" at {end.stage}" if end.stage else f": {end.reason}"
    said = f": {end.message}" if end.message else ""
    return Line(f"{head} failed - {run}{where}{said} (next: {end.command})", "bad")


def late(job: PipelineJob, now: datetime, timeout_seconds: float, *, by_name: bool) -> Line:
    """The run is not done in time: a warning, it goes on."""
    head, run = _head(job, now, by_name=by_name), job.metadata.name
    since = f"{timeout_seconds:.0f}s after it was picked up"
    return Line(f"{head} WARNING timeout - {run} is not done {since}: {_standing(job)}", "wait")


def gone(job: PipelineJob, now: datetime, *, by_name: bool) -> Line:
    """The run was deleted while it was followed."""
    head, run = _head(job, now, by_name=by_name), job.metadata.name
    return Line(f"{head} WARNING deleted - {run} is gone", "wait")


def monitored(jobs: Iterable[PipelineJob], now: datetime, *, by_name: bool) -> list[Line]:
    """The list of what is being monitored."""
    rows = [
        Line(
            f"  {_head(job, now, by_name=by_name)} "
            f"{job.metadata.namespace}/{job.metadata.name} - {_standing(job)}"
        )
        for job in jobs
    ]
    title = f"Monitoring {len(rows)} job{'' if len(rows) == 1 else 's'}"
    return [Line(title + (":" if rows else "")), *rows]


def short_id(job: PipelineJob) -> str:
    """The first eight letters of the run's id: its name where that is a UUID, else its uid."""
    name = job.metadata.name
    return (name if _UUID.fullmatch(name) else job.metadata.uid)[:_SHOWN] + "..."


def _head(job: PipelineJob, at: datetime, *, by_name: bool) -> str:
    label = job.metadata.name if by_name else short_id(job)
    return f"[Job {label}] [{_seconds(job, at)}s]"


def _seconds(job: PipelineJob, at: datetime) -> int:
    begun = job.status.startTime or job.metadata.creationTimestamp
    return max(0, int((at - begun).total_seconds()))


def _standing(job: PipelineJob) -> str:
    done, total = counted(job)
    stage = current(job)
    at = f", {stage.name} {stage.state}" if stage is not None and not job.finished else ""
    return f"{run_word(job)}, {done}/{total} done{at}" if total else run_word(job)
