"""One run in sections: header line, stages, what it waits for, the next command to type."""

from dataclasses import dataclass
from datetime import datetime

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob, StageStatus
from stagework.overview.durations import between
from stagework.overview.nextsteps import Home, while_waiting
from stagework.overview.states import counted, run_word, tone
from stagework.overview.tables import Cell, Line, Table, one_line
from stagework.overview.verdicts import verdict

_TITLES = ("STAGE", "STATE", "MACHINE", "NODE", "ATTEMPT", "TIME", "MESSAGE")


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage as a row; its fields are the keys of `-o json`."""

    stage: str
    state: str
    reason: str
    machine: str
    node: str
    attempt: int
    time: str
    message: str


@dataclass(frozen=True, slots=True)
class RunDetail:
    """Everything that `stagework status NAME` shows; its fields are the keys of `-o json`."""

    namespace: str
    name: str
    title: str
    pipeline: str
    status: str
    progress: str
    time: str
    message: str
    stages: tuple[StageRow, ...]
    waits: tuple[str, ...]
    """What it waits for, a sentence each."""
    next: str
    """What to type next; empty where nothing is needed."""


def detail(job: PipelineJob, now: datetime, home: Home) -> RunDetail:
    """The run as a person wants to read it."""
    done, total = counted(job)
    ended = verdict(job, home)
    begun = job.status.startTime or job.metadata.creationTimestamp
    return RunDetail(
        namespace=job.metadata.namespace,
        name=job.metadata.name,
        title=one_line(job.spec.title),
        pipeline=job.spec.pipelineRef.name if job.spec.pipelineRef else "",
        status=run_word(job),
        progress=job.status.progress or (f"{done}/{total}" if total else ""),
        time=between(begun, job.status.completionTime or now),
        message=one_line(job.status.message),
        stages=tuple(_stage_row(each, now) for each in job.status.stages),
        waits=() if ended.ended else waits(job, now),
        next=ended.command or ("" if ended.ended else while_waiting(job, home)),
    )


def waits(job: PipelineJob, now: datetime) -> tuple[str, ...]:
    """What the run waits for; a stage that only waits for another one is not worth a line."""
    if job.status.observedGeneration < 0:
        age = between(job.metadata.creationTimestamp, now)
        return (f"the operator has not looked at it yet (for {age})",)
    told = [
        f"{each.name}: {each.reason or each.state}{_because(each.message)}"
        for each in job.status.stages
        if each.state in (names.STAGE_WAITING, names.STAGE_STARTING)
        and each.reason != names.WAIT_DEPENDENCY
    ]
    if not told and not job.status.stages and job.status.summary != names.RUNNING:
        told = [job.status.summary + _because(job.status.message)]
    return tuple(told)


def sections(shown: RunDetail) -> list[Line]:
    """The detail as lines; sections are parted by an empty line."""
    lines: list[Line] = [_header(shown)]
    if shown.message:
        lines.append((Cell(shown.message),))
    if shown.stages:
        lines += [(), *_stages_table(shown).lines()]
    if shown.waits:
        lines += [(), (Cell("Waits for:"),)]
        lines += [(Cell("  "), Cell(each, "wait")) for each in shown.waits]
    if shown.next:
        lines += [(), (Cell("Next: "), Cell(shown.next))]
    return lines


def _header(shown: RunDetail) -> Line:
    parts = [shown.progress, f"pipeline {shown.pipeline}" if shown.pipeline else ""]
    parts += [f"{shown.time}" if shown.time else "", shown.title]
    rest = "".join(f"   {each}" for each in parts if each)
    return (
        Cell(f"{shown.namespace}/{shown.name}   "),
        Cell(shown.status, tone(shown.status)),
        Cell(rest),
    )


def _stages_table(shown: RunDetail) -> Table:
    return Table(
        _TITLES,
        tuple(
            (
                Cell(each.stage),
                Cell(each.state, tone(each.state)),
                Cell(each.machine),
                Cell(each.node),
                Cell(str(each.attempt)),
                Cell(each.time),
                Cell(": ".join(part for part in (each.reason, each.message) if part)),
            )
            for each in shown.stages
        ),
    )


def _stage_row(stage: StageStatus, now: datetime) -> StageRow:
    return StageRow(
        stage=stage.name,
        state=stage.state,
        reason=stage.reason,
        machine=stage.machine,
        node=stage.node,
        attempt=stage.attempt,
        time=between(stage.startTime, stage.completionTime or now),
        message=one_line(stage.message),
    )


def _because(message: str) -> str:
    return f": {one_line(message)}" if message else ""
