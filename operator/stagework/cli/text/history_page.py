"""History as tables and as JSON: runs, one run with its attempts, failed stages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.text import Text

from stagework.api.durations import short
from stagework.api.facts import AttemptFact, InterventionFact, RunFact
from stagework.api.history import FailedStage, RunHistory
from stagework.cli.text.tables import Cell, Table, line, one_line
from stagework.overview.states import tone

_RUNS = ("NAME", "STATUS", "PROGRESS", "PIPELINE", "STARTED", "TOOK", "TITLE")
_ATTEMPTS = ("STAGE", "ATTEMPT", "OUTCOME", "MACHINE", "NODE", "WAITED", "RAN", "MESSAGE")
_FAILED = ("NAME", "STAGE", "ATTEMPTS", "MACHINE", "FAILED", "MESSAGE")


def runs_table(runs: Iterable[RunFact], now: datetime, *, namespaces: bool = False) -> Table:
    """A line a run."""
    titles = ("NAMESPACE", *_RUNS) if namespaces else _RUNS
    return Table(titles, tuple(_run_cells(run, now, namespaces=namespaces) for run in runs))


def failed_table(stages: Iterable[FailedStage], now: datetime, *, namespaces: bool) -> Table:
    """A line a failed stage."""
    titles = ("NAMESPACE", *_FAILED) if namespaces else _FAILED
    rows = (_failed_cells(stage, now, namespaces=namespaces) for stage in stages)
    return Table(titles, tuple(rows))


def run_sections(remembered: RunHistory, now: datetime) -> list[Text]:
    """One run with every attempt of its stages, and what people asked of it."""
    run = remembered.run
    parts = [
        _progress(run),
        f"pipeline {run.pipeline}" if run.pipeline else "",
        _duration(run, now),
    ]
    rest = "".join(f"   {part}" for part in (*parts, one_line(run.title)) if part)
    head = line(
        Cell(f"{run.namespace}/{run.name}   "), Cell(run.state, tone(run.state)), Cell(rest)
    )
    lines = [head, Text(f"uid {run.uid}, made {_moment(run.created)}")]
    if run.message:
        lines.append(Text(one_line(run.message)))
    if remembered.attempts:
        table = Table(_ATTEMPTS, tuple(_attempt_cells(a, now) for a in remembered.attempts))
        lines += [Text(), *table.lines()]
    if remembered.interventions:
        asked = (Text(f"  {_asked(request)}") for request in remembered.interventions)
        lines += [Text(), Text("Asked of it:"), *asked]
    return lines


def as_objects(remembered: Iterable[RunFact] | Iterable[FailedStage] | RunHistory) -> Any:
    """As `-o json` prints it: every field, every time."""
    if isinstance(remembered, RunHistory):
        return remembered.model_dump(mode="json")
    return [entry.model_dump(mode="json") for entry in remembered]


def _run_cells(run: RunFact, now: datetime, *, namespaces: bool) -> tuple[Cell, ...]:
    cells = (
        Cell(run.name),
        Cell(run.state, tone(run.state)),
        Cell(_progress(run)),
        Cell(run.pipeline),
        Cell(_moment(run.started or run.created)),
        Cell(_duration(run, now)),
        Cell(one_line(run.title)),
    )
    return (Cell(run.namespace), *cells) if namespaces else cells


def _failed_cells(stage: FailedStage, now: datetime, *, namespaces: bool) -> tuple[Cell, ...]:
    of = f"/{stage.maxAttempts}" if stage.maxAttempts is not None else ""
    cause = ": ".join(part for part in (stage.reason, one_line(stage.message)) if part)
    ago = f"{_span(stage.failedAt, now)} ago" if stage.failedAt is not None else ""
    cells = (
        Cell(stage.run or stage.uid),
        Cell(stage.stage),
        Cell(f"{stage.attempts}{of}"),
        Cell(stage.machine),
        Cell(ago),
        Cell(cause),
    )
    return (Cell(stage.namespace), *cells) if namespaces else cells


def _attempt_cells(attempt: AttemptFact, now: datetime) -> tuple[Cell, ...]:
    outcome = attempt.outcome or ("Running" if attempt.started else "Waiting")
    cause = ": ".join(part for part in (attempt.reason, one_line(attempt.message)) if part)
    waited_until = attempt.started or attempt.ended or now
    return (
        Cell(attempt.stage),
        Cell(str(attempt.attempt)),
        Cell(outcome, tone(outcome)),
        Cell(attempt.machine or attempt.home),
        Cell(attempt.node),
        Cell(_span(attempt.queued, waited_until)),
        Cell(_span(attempt.started, attempt.ended or now)),
        Cell(cause),
    )


def _asked(request: InterventionFact) -> str:
    stages = f" of {request.stages}" if request.stages else ""
    by = f" by {one_line(request.by)}" if request.by else ""
    why = f": {one_line(request.reason)}" if request.reason else ""
    return f"{_moment(request.asked)}  {request.verb}{stages}{by}: {request.answer}{why}"


def _progress(run: RunFact) -> str:
    return f"{run.done}/{run.stages}" if run.stages else ""


def _duration(run: RunFact, now: datetime) -> str:
    return _span(run.started, run.ended or now)


def _span(begin: datetime | None, end: datetime) -> str:
    return "" if begin is None else short((end - begin).total_seconds())


def _moment(moment: datetime) -> str:
    return moment.astimezone().isoformat(" ", "seconds")[:19]
