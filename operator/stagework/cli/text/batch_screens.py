"""Where a batch that is watched goes: a bar painted in place, else a line for each change."""

import json
from datetime import datetime
from typing import Protocol

from rich.console import Console, Group
from rich.progress_bar import ProgressBar

from stagework.api.batch_answers import BatchDetail
from stagework.cli.text.batch_page import as_object, headline, number_lines, progress_line
from stagework.cli.text.painting import Lines, Painted, Shown
from stagework.cli.text.terminal import Terminal

_BAR_COLUMNS = 60


class BatchScreen(Shown, Protocol):
    """A place for a batch."""

    def show(self, detail: BatchDetail, now: datetime) -> None:
        """The batch as it is now."""
        ...


def batch_screen_for(terminal: Terminal, *, as_json: bool) -> BatchScreen:
    """Painted in a terminal; else lines, of JSON where that is wanted."""
    if as_json or not terminal.interactive:
        return BatchLines(terminal, as_json=as_json)
    return PaintedBatch(terminal.console)


class BatchLines(Lines):
    """A line for each change of its numbers, or an object."""

    def __init__(self, terminal: Terminal, *, as_json: bool) -> None:
        super().__init__(terminal)
        self._as_json = as_json
        self._last: BatchDetail | None = None

    def show(self, detail: BatchDetail, now: datetime) -> None:
        """Print it, unless it is what was printed last."""
        if detail == self._last:
            return
        self._last = detail
        if self._as_json:
            self._terminal.raw(json.dumps(as_object(detail), ensure_ascii=False))
        else:
            self._terminal.raw(progress_line(detail.batch, now))


class PaintedBatch(Painted):
    """Headline, bar and numbers, painted anew in place."""

    def __init__(self, console: Console) -> None:
        """At the end the last numbers stay."""
        super().__init__(console, kept=True)

    def show(self, detail: BatchDetail, now: datetime) -> None:
        """Paint it."""
        row = detail.batch
        bar = ProgressBar(total=max(1, row.total), completed=row.handled, width=_BAR_COLUMNS)
        self._live.update(Group(headline(row, now), bar, *number_lines(row)), refresh=True)
