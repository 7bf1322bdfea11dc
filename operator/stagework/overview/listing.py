"""The list of runs: the columns of `kubectl get pipelinejobs`, newest last as they were made."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from stagework.api.pipelinejob import PipelineJob
from stagework.overview.durations import between
from stagework.overview.states import run_word, tone
from stagework.overview.tables import Cell, Table, one_line


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as a row; its fields are the keys of `-o json`."""

    namespace: str
    name: str
    status: str
    stage: str
    progress: str
    machine: str
    age: str
    attempts: int
    node: str
    message: str
    title: str
    tenant: str


def rows(jobs: Iterable[PipelineJob], now: datetime) -> list[RunRow]:
    """One row a run, by namespace and age, the oldest first."""
    ordered = sorted(
        jobs,
        key=lambda job: (
            job.metadata.namespace,
            job.metadata.creationTimestamp,
            job.metadata.name,
        ),
    )
    return [
        RunRow(
            namespace=job.metadata.namespace,
            name=job.metadata.name,
            status=run_word(job),
            stage=job.status.stage,
            progress=job.status.progress,
            machine=job.status.machine,
            age=between(job.metadata.creationTimestamp, now),
            attempts=job.status.attempts,
            node=job.status.node,
            message=one_line(job.status.message),
            title=one_line(job.spec.title) or job.metadata.name,
            tenant=one_line(job.spec.tenant),
        )
        for job in ordered
    ]


def table(listed: Iterable[RunRow], *, wide: bool = False, namespaces: bool = False) -> Table:
    """The rows as a table; `wide` adds ATTEMPTS, NODE and MESSAGE."""
    titles = ("NAME", "STATUS", "STAGE", "PROGRESS", "MACHINE", "AGE")
    if namespaces:
        titles = ("NAMESPACE", *titles)
    if wide:
        titles = (*titles, "ATTEMPTS", "NODE", "MESSAGE")
    return Table(titles, tuple(_row(each, wide=wide, namespaces=namespaces) for each in listed))


def _row(row: RunRow, *, wide: bool, namespaces: bool) -> tuple[Cell, ...]:
    cells = [
        Cell(row.name),
        Cell(row.status, tone(row.status)),
        Cell(row.stage),
        Cell(row.progress),
        Cell(row.machine),
        Cell(row.age),
    ]
    if namespaces:
        cells.insert(0, Cell(row.namespace))
    if wide:
        cells += [Cell(str(row.attempts)), Cell(row.node), Cell(row.message)]
    return tuple(cells)
