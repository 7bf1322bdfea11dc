"""The list of runs: the columns of `kubectl get pj`, as a table and as JSON."""

from collections.abc import Iterable

from stagework.api.durations import short
from stagework.cli.text.tables import Cell, Table, one_line
from stagework.overview.rows import RunRow
from stagework.overview.states import tone

_WIDE = ("RETRIES", "NODE", "TITLE", "DURATION", "MESSAGE")


def table(rows: Iterable[RunRow], *, wide: bool = False, namespaces: bool = False) -> Table:
    """The rows as a table; `wide` adds RETRIES, NODE, TITLE, DURATION and MESSAGE."""
    titles = ("NAME", "STATUS", "STAGE", "PROGRESS", "MACHINE", "AGE")
    if namespaces:
        titles = ("NAMESPACE", *titles)
    if wide:
        titles = (*titles, *_WIDE)
    return Table(titles, tuple(_cells(row, wide=wide, namespaces=namespaces) for row in rows))


def objects(rows: Iterable[RunRow]) -> list[dict[str, object]]:
    """The rows as `-o json` prints them."""
    return [
        {
            "namespace": row.namespace,
            "name": row.name,
            "status": row.status,
            "stage": row.stage,
            "progress": progress(row),
            "machine": row.machine,
            "age": short(row.age_seconds),
            "retries": row.retries,
            "duration": short(row.elapsed_seconds),
            "node": row.node,
            "message": one_line(row.message),
            "title": one_line(row.title) or row.name,
            "tenant": one_line(row.tenant),
        }
        for row in rows
    ]


def progress(row: RunRow) -> str:
    """`3/9`, as in kubectl's column PROGRESS; empty before the run has stages."""
    return f"{row.done}/{row.total}" if row.total else ""


def _cells(row: RunRow, *, wide: bool, namespaces: bool) -> tuple[Cell, ...]:
    cells = [
        Cell(row.name),
        Cell(row.status, tone(row.status)),
        Cell(row.stage),
        Cell(progress(row)),
        Cell(row.machine),
        Cell(short(row.age_seconds)),
    ]
    if namespaces:
        cells.insert(0, Cell(row.namespace))
    if wide:
        cells += [
            Cell(str(row.retries)),
            Cell(row.node),
            Cell(one_line(row.title)),
            Cell(short(row.elapsed_seconds)),
            Cell(one_line(row.message)),
        ]
    return tuple(cells)
