"""Where a monitor's lines go: plain lines, or a live table below them in a terminal."""

from typing import Protocol

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stagework.api.durations import short
from stagework.cli.text.monitor_lines import Line
from stagework.cli.text.painting import Lines, Painted, Shown
from stagework.cli.text.run_list import progress
from stagework.cli.text.tables import STYLES
from stagework.cli.text.terminal import Terminal
from stagework.overview.rows import RunRow
from stagework.overview.states import tone

_BAR_COLUMNS = 24
_SHORT_BAR_COLUMNS = 10
_WIDE_COLUMNS = 110
"""From this width on a terminal has room for the long bar."""

_CUT = frozenset({"RUN", "STAGE", "MACHINE"})
"""Columns that give way."""


class Screen(Shown, Protocol):
    """A place for lines that stay and bars that move."""

    def show(self, line: Line) -> None:
        """A line that stays."""
        ...

    def bars(self, rows: list[RunRow]) -> None:
        """The runs being followed, as they are now."""
        ...


def screen_for(terminal: Terminal, *, plain: bool) -> Screen:
    """The live view in a terminal, else plain lines."""
    if plain or not terminal.interactive:
        return PlainScreen(terminal)
    return LiveScreen(terminal.console)


class PlainScreen(Lines):
    """Lines only."""

    def show(self, line: Line) -> None:
        """Print it."""
        self._terminal.say(line.text, line.tone)

    def bars(self, rows: list[RunRow]) -> None:
        """Plain lines have no moving parts."""


class LiveScreen(Painted):
    """Lines scroll above a table that is painted anew in place."""

    def __init__(self, console: Console) -> None:
        """At the end the table is removed; the lines stay."""
        super().__init__(console, kept=False)

    def show(self, line: Line) -> None:
        """Print it above the table."""
        self._live.console.print(Text(line.text, style=STYLES[line.tone]))

    def bars(self, rows: list[RunRow]) -> None:
        """Paint the table anew."""
        width = self._live.console.width
        shown = bars_table(rows, width) if rows else Text("No run is being followed.", style="dim")
        self._live.update(shown, refresh=True)


def bars_table(rows: list[RunRow], width: int) -> Table:
    """One row a run: name, bar, state as a word, stage, machine, elapsed.

    Where the terminal is narrow, names of runs, stages and machines are cut, and nothing else.
    """
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("RUN", "", "DONE", "STATUS", "STAGE", "MACHINE", "TIME"):
        table.add_column(title, no_wrap=title not in _CUT)
    bar = _BAR_COLUMNS if width >= _WIDE_COLUMNS else _SHORT_BAR_COLUMNS
    for row in rows:
        table.add_row(
            _cut(row.name),
            ProgressBar(total=max(1, row.total), completed=row.done, width=bar),
            Text(progress(row)),
            Text(row.status, style=STYLES[tone(row.status)]),
            _cut(row.stage),
            _cut(row.machine),
            Text(short(row.elapsed_seconds)),
        )
    return table


def _cut(name: str) -> Text:
    """One line, however narrow its column becomes."""
    return Text(name, no_wrap=True, overflow="ellipsis")
