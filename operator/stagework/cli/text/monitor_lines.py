"""The monitor's log lines: `[Job 3b87ab59...] [150s] resize - Status: done`.

The number in the second brackets counts from the run's start. Where the status gives the moment
of a change, that moment counts, so that a late poll does not make a stage look slow.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.durations import short
from stagework.api.pipelinejob import PipelineJob
from stagework.api.stage_status import StageStatus
from stagework.cli.text.next_steps import Home, next_command
from stagework.cli.text.tables import one_line
from stagework.cli.watchlist import Changed, Ended, Gone, HeldUp, Late, News, NotRun, PickedUp
from stagework.overview.holders import SlotHolder
from stagework.overview.states import Tone, run_word
from stagework.overview.times import begin

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SHOWN: Final = 8
WORDS: Final = {
    names.STAGE_WAITING: "waiting",
    names.STAGE_DEFERRED: "deferred",
    names.STAGE_STARTING: "starting",
    names.STAGE_STUCK: "stuck",
    names.STAGE_RUNNING: "running",
    names.STAGE_AWAY: "away",
    names.STAGE_SUCCEEDED: "done",
    names.STAGE_FAILED_STATE: "failed",
    names.STAGE_SKIPPED: "skipped",
    names.STAGE_NOT_RUN: "not run",
}
"""State of a stage to the word of the lines."""


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
        ("picked up", f"{when}, {settings.limit} at most in one poll"),
    )
    shown = (
        ("namespace", settings.namespace or "all"),
        *((("runs", ", ".join(settings.runs)),) if settings.runs else chosen),
        ("poll every", f"{settings.interval_seconds:g}s"),
        ("timeout", f"{settings.timeout_seconds:.0f}s (a warning)"),
        ("auto-create", "off" if every is None else f"one run every {every:g}s"),
    )
    rows = [f"  {key + ':':<21}{value}" for key, value in shown]
    hint = "Ctrl-C stops the monitor, never a run; SIGUSR1 lists what is monitored."
    return ["stagework monitor", *rows, f"  {hint}"]


@dataclass(frozen=True, slots=True)
class MonitorLines:
    """Writes the lines of one monitor."""

    home: Home
    by_name: bool = False
    """Lines begin with the run's name, not with its id."""

    def line(self, news: News, now: datetime) -> Line:
        """One line of news."""
        run = news.run
        match news:
            case PickedUp():
                at = run.status.completionTime or now
                return Line(f"{self._head(run, at)} picked up {_place(run)} - {_standing(run)}")
            case Changed():
                return self._changed(news, now)
            case NotRun(_, stages):
                return Line(f"{self._head(run, now)} {not_run_words(stages)}")
            case HeldUp():
                words = f"{run_word(run)} - {one_line(run.status.message)}"
                return Line(f"{self._head(run, now)} {words}{self._next(run)}", "wait")
            case Ended():
                return self._ended(news, now)
            case Late(_, seconds):
                since = f"{seconds:.0f}s after it was picked up"
                warning = f"WARNING timeout - {run.metadata.name} is not done {since}"
                return Line(f"{self._head(run, now)} {warning}: {_standing(run)}", "wait")
            case Gone():
                warning = f"WARNING deleted - {run.metadata.name} is gone"
                return Line(f"{self._head(run, now)} {warning}", "wait")

    def listing(self, runs: Sequence[PipelineJob], now: datetime) -> list[Line]:
        """The list of what is being monitored."""
        title = f"Monitoring {len(runs)} job{'' if len(runs) == 1 else 's'}"
        rows = [f"  {self._head(run, now)} {_place(run)} - {_standing(run)}" for run in runs]
        return [Line(title + (":" if rows else "")), *map(Line, rows)]

    def holders(self, holders: Sequence[SlotHolder]) -> list[Line]:
        """Who has the slots that followed runs wait for."""
        if not holders:
            return []
        return [Line("Slots are held by:"), *(Line(f"  {held(holder)}") for holder in holders)]

    def created(self, run: PipelineJob) -> Line:
        """A run that the monitor has made; what follows of it begins alike."""
        return Line(f"{self._label(run)} created {_place(run)}")

    def _changed(self, news: Changed, now: datetime) -> Line:
        stage = news.change.stage
        head = self._head(news.run, news.change.at or now)
        words = f"{stage.name} - Status: {stage_words(stage)}"
        if stage.stuck:
            return Line(f"{head} {words}{self._next(news.run)}", "bad")
        return Line(
            f"{head} {words}", "bad" if stage.state == names.STAGE_FAILED_STATE else "plain"
        )

    def _next(self, run: PipelineJob) -> str:
        command = next_command(run, self.home)
        return f" (next: {command})" if command else ""

    def _ended(self, news: Ended, now: datetime) -> Line:
        run, end = news.run, news.end
        at = run.status.completionTime or now
        head, name = self._head(run, at), run.metadata.name
        if end.kind == "Succeeded":
            return Line(f"{head} completed - {name}: {end.reason} in {_seconds(run, at)}s", "good")
        where = f" at {end.stage}" if end.stage else f": {end.reason}"
        message = one_line(end.message)
        cause = f": {message}" if message else ""
        return Line(f"{head} failed - {name}{where}{cause}{self._next(run)}", "bad")

    def _head(self, run: PipelineJob, at: datetime) -> str:
        return f"{self._label(run)} [{_seconds(run, at)}s]"

    def _label(self, run: PipelineJob) -> str:
        return f"[Job {run.metadata.name if self.by_name else short_id(run)}]"


def stage_words(stage: StageStatus) -> str:
    """The state's word, and what a person needs to know beside it."""
    word = WORDS.get(stage.state, stage.state)
    if stage.state == names.STAGE_SUCCEEDED:
        return word
    again = f" (attempt {stage.attempt})" if stage.attempt > 1 else ""
    if stage.active and not (stage.stuck or stage.away):
        return word + again
    cause = _cause(stage)
    return word + again + (f" - {cause}" if cause else "")


def not_run_words(stages: Sequence[StageStatus]) -> str:
    """Stages that will not run, in one line: by their reasons, where there are several."""
    if len(stages) == 1:
        return f"{stages[0].name} - Status: {stage_words(stages[0])}"
    reasons = dict.fromkeys(stage.reason for stage in stages)
    named = {why: ", ".join(s.name for s in stages if s.reason == why) for why in reasons}
    word = WORDS[names.STAGE_NOT_RUN]
    parts = (f"{who} - Status: {word}" + (f" - {why}" if why else "") for why, who in named.items())
    return "; ".join(parts)


def _cause(stage: StageStatus) -> str:
    return ": ".join(part for part in (stage.reason, one_line(stage.message)) if part)


def held(holder: SlotHolder) -> str:
    """One who has a slot, such as `gpu: team/ad-7 (overlay, 12s)`."""
    place = f"{holder.namespace}/{holder.run}"
    return f"{holder.machine}: {place} ({holder.stage}, {short(holder.seconds)})"


def short_id(run: PipelineJob) -> str:
    """The first eight letters of the run's id: its name where that is a UUID, else its uid."""
    name = run.metadata.name
    return (name if _UUID.fullmatch(name) else run.metadata.uid)[:_SHOWN] + "..."


def _seconds(run: PipelineJob, at: datetime) -> int:
    return max(0, int((at - begin(run)).total_seconds()))


def _place(run: PipelineJob) -> str:
    return f"{run.metadata.namespace}/{run.metadata.name}"


def _standing(run: PipelineJob) -> str:
    total = len(run.status.stages)
    if not total:
        message = one_line(run.status.message)
        return f"{run_word(run)} - {message}" if message else run_word(run)
    stage = run.status.current_stage
    at = f", {stage.name} {stage.state}" if stage is not None and not run.status.ended else ""
    works = stage is None or (stage.active and not (stage.stuck or stage.away)) or stage.ended
    cause = _cause(stage) if stage is not None and at and not works else ""
    why = f" - {cause}" if cause else ""
    return f"{run_word(run)}, {run.status.done_count}/{total} done{at}{why}"
