"""Batches as a list, one whole, and as one line of progress."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from rich.text import Text

from stagework.api.batch_answers import BatchDetail, BatchItem, BatchRow
from stagework.api.durations import short
from stagework.api.facts import BatchFact
from stagework.cli.text import past_estimates
from stagework.cli.text.tables import Cell, Table, line, one_line
from stagework.overview.batch_row import lasted_seconds
from stagework.overview.states import tone
from stagework.policies.next_step import Step

_TITLES: Final = ("NAME", "STATUS", "DONE", "FAILED", "TOTAL", "PERCENT", "ETA", "AGE")
_WIDE: Final = ("CHUNKS", "SKIPPED", "SIZE", "PIPELINE", "TITLE", "MESSAGE")
_REMEMBERED: Final = (
    "NAME",
    "STATUS",
    "DONE",
    "FAILED",
    "TOTAL",
    "CHUNKS",
    "TOOK",
    "ENDED",
    "PIPELINE",
)
_FAILED: Final = ("ID", "REASON", "ATTEMPTS", "CHUNK", "MACHINE", "MESSAGE")
_P50_P90: Final = "half of such batches take no longer than the first, nine of ten than the second"


def table(
    rows: Iterable[BatchRow], now: datetime, *, wide: bool = False, namespaces: bool = False
) -> Table:
    """The columns of `kubectl get batches`; `wide` adds some."""
    titles = (*(("NAMESPACE",) if namespaces else ()), *_TITLES, *(_WIDE if wide else ()))
    return Table(titles, tuple(_cells(row, now, wide, namespaces) for row in rows))


def remembered_table(batches: Iterable[BatchFact], *, namespaces: bool = False) -> Table:
    """Batches as history has them, also deleted ones; CHUNKS: done, and failed as a whole."""
    titles = (*(("NAMESPACE",) if namespaces else ()), *_REMEMBERED)
    return Table(titles, tuple(_remembered_cells(batch, namespaces) for batch in batches))


def _remembered_cells(batch: BatchFact, namespaces: bool) -> tuple[Cell, ...]:
    took = None
    if batch.started is not None and batch.ended is not None:
        took = (batch.ended - batch.started).total_seconds()
    return (
        *((Cell(batch.namespace),) if namespaces else ()),
        Cell(batch.name),
        Cell(batch.state, tone(batch.state)),
        Cell(str(batch.done)),
        Cell(str(batch.failed), "bad" if batch.failed else "plain"),
        Cell(str(batch.total)),
        Cell(f"{batch.chunks}+{batch.failedChunks}"),
        Cell(short(took) if took is not None else "-"),
        Cell(batch.ended.strftime("%Y-%m-%d %H:%M:%SZ") if batch.ended is not None else "-"),
        Cell(batch.pipeline),
    )


def failed_table(items: Iterable[BatchItem]) -> Table:
    """Items that failed, a line each."""
    return Table(
        _FAILED,
        tuple(
            (
                Cell(one_line(item.id)),
                Cell(item.reason, "bad"),
                Cell(str(item.attempts)),
                Cell(item.chunk),
                Cell(item.machine),
                Cell(one_line(item.message)),
            )
            for item in items
        ),
    )


def progress_line(row: BatchRow, now: datetime) -> str:
    """`[Batch photos] [92s] 470/1000 47.0% - Running: 3 failed, 12.5 a minute, ends in 4m..5m`."""
    more = ", ".join(_parts(row))
    counts = f"{row.handled}/{row.total} {row.percent:.1f}%" if row.total else "no items yet"
    time = short(lasted_seconds(row, now))
    return f"[Batch {row.name}] [{time}] {counts} - {row.state}" + (f": {more}" if more else "")


def headline(row: BatchRow, now: datetime) -> Text:
    """Where it stands, in one line."""
    title = one_line(row.title) if row.title != row.name else ""
    counts = f"{row.handled}/{row.total}" if row.total else ""
    parts = (counts, f"pipeline {row.pipeline}", short(lasted_seconds(row, now)), title)
    rest = "".join(f"   {part}" for part in parts if part)
    place = f"{row.namespace}/{row.name}   "
    return line(Cell(place), Cell(row.state, tone(row.state)), Cell(rest))


def number_lines(row: BatchRow) -> list[Text]:
    """Its numbers, a line for each thing that is counted."""
    waiting = row.total - row.handled - row.running
    items = [f"{row.done} done", f"{row.failed} failed", f"{row.skipped} skipped"]
    if row.succeeded is None:
        items += [f"{row.running} running", f"{max(0, waiting)} waiting"]
    chunks = [f"{row.chunksCompleted} completed", f"{row.chunksFailed} failed"]
    if row.succeeded is None:
        chunks.append(f"{row.chunksOpen} in flight")
    if row.chunkSize is not None:
        why = f" ({row.chunkSizeReason})" if row.chunkSizeReason else ""
        chunks.append(f"the last one of {row.chunkSize}{why}")
    lines = [f"Items:   {', '.join(items)}", f"Chunks:  {', '.join(chunks)}"]
    if row.round:
        lines.append(f"Round:   {row.round} (0 was all items; a reprocess makes the next one)")
    if row.itemsPerMinute:
        lines.append(f"Speed:   {row.itemsPerMinute} items a minute")
    if row.succeeded is None and row.eta:
        meaning = f" ({_P50_P90})" if row.etaSeconds is not None else ""
        lines.append(f"Ends in: {one_line(row.eta)}{meaning}")
    return [Text(text) for text in lines]


def sections(shown: BatchDetail, step: Step, now: datetime) -> list[Text]:
    """The whole page."""
    row = shown.batch
    lines = [headline(row, now)]
    if row.message:
        lines.append(Text(one_line(row.message)))
    if row.total:
        lines += [Text(), *number_lines(row)]
        worth = past_estimates.sentence(shown.pastEstimates, row.percent)
        if worth and row.succeeded is None and row.etaSeconds is not None:
            lines.append(Text(f"Worth:   {worth}"))
    if shown.failedSamples:
        lines += [Text(), Text("Failed, for example:"), *map(Text, _samples(shown))]
    wrong = [*_wrong_lines(shown)]
    if wrong:
        lines += [Text(), Text("Of the list was left out:"), *map(Text, wrong)]
    if step.command:
        lines += [Text(), Text(f"Next: {step.command}"), Text(f"      {step.sentence}")]
    return lines


def as_object(shown: BatchDetail) -> dict[str, Any]:
    """As the API service answers it."""
    return shown.model_dump(mode="json", by_alias=True)


def _parts(row: BatchRow) -> Iterator[str]:
    if row.failed:
        yield f"{row.failed} failed"
    if row.skipped:
        yield f"{row.skipped} skipped"
    if row.itemsPerMinute:
        yield f"{row.itemsPerMinute} a minute"
    if row.succeeded is None and row.etaSeconds is not None:
        yield f"ends in {one_line(row.eta)}"


def _samples(shown: BatchDetail) -> Iterator[str]:
    for sample in shown.failedSamples:
        cause = ": ".join(part for part in (sample.reason, one_line(sample.message)) if part)
        yield f"  {one_line(sample.id)}: {cause}"


def _wrong_lines(shown: BatchDetail) -> Iterator[str]:
    manifest = shown.manifest
    if manifest is None:
        return
    for bad in manifest.unreadable:
        yield f"  line {bad.line}: {one_line(bad.reason)}"
    more = manifest.unreadableCount - len(manifest.unreadable)
    if more > 0:
        yield f"  and {more} more lines that hold no item"
    if manifest.duplicates:
        listed = ", ".join(map(str, manifest.duplicates))
        more = manifest.duplicateCount - len(manifest.duplicates)
        others = f" and {more} more" if more > 0 else ""
        yield f"  items that were there before: lines {listed}{others}"


def _cells(row: BatchRow, now: datetime, wide: bool, namespaces: bool) -> tuple[Cell, ...]:
    cells = [
        Cell(row.name),
        Cell(row.state, tone(row.state)),
        Cell(str(row.done)),
        Cell(str(row.failed), "bad" if row.failed else "plain"),
        Cell(str(row.total)),
        Cell(f"{row.percent:.1f}" if row.total else ""),
        Cell(one_line(row.eta)),
        Cell(short((now - row.created).total_seconds())),
    ]
    if wide:
        cells += [
            Cell(str(row.chunksOpen)),
            Cell(str(row.skipped)),
            Cell(str(row.chunkSize) if row.chunkSize is not None else ""),
            Cell(row.pipeline),
            Cell(one_line(row.title)),
            Cell(one_line(row.message)),
        ]
    return (Cell(row.namespace), *cells) if namespaces else tuple(cells)
