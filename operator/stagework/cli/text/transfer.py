"""How far an upload is: a bar in a terminal, else a line at each tenth; both beside stdout."""

import threading
from typing import Final

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stagework.cli.text.painting import Lines, Painted
from stagework.cli.text.terminal import Terminal

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024
_LINES: Final = 10
"""So many lines an upload has at most."""
_BAR_COLUMNS: Final = 32


def amount(size_bytes: int) -> str:
    """`312 B`, `4.2 MiB`."""
    size, unit = float(size_bytes), 0
    while size >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size / _STEP, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{size_bytes} B"


def transfer_for(terminal: Terminal, *, plain: bool) -> "TransferLines | TransferBar":
    """The bar in a terminal, else lines."""
    if plain or not terminal.interactive:
        return TransferLines(terminal)
    return TransferBar(terminal.console)


class _Counted:
    """How much is sent, counted by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files, self._bytes = 1, 0
        self._done, self._done_bytes = 0, 0

    def begin(self, files: int, size_bytes: int) -> None:
        """So much is to be sent."""
        self._files, self._bytes = files, size_bytes

    def sent(self, size_bytes: int) -> None:
        """One more file is there."""
        with self._lock:
            self._done, self._done_bytes = self._done + 1, self._done_bytes + size_bytes
            self._show()

    def _show(self) -> None:
        raise NotImplementedError

    @property
    def _text(self) -> str:
        amounts = f"{amount(self._done_bytes)} of {amount(self._bytes)}"
        return f"{self._done} of {self._files} files, {amounts}"


class TransferLines(Lines, _Counted):
    """`uploaded 6 of 60 files, 1.2 MiB of 12.0 MiB`, on stderr."""

    def __init__(self, terminal: Terminal) -> None:
        Lines.__init__(self, terminal)
        _Counted.__init__(self)

    def _show(self) -> None:
        if self._done * _LINES // self._files > (self._done - 1) * _LINES // self._files:
            self._terminal.note(f"uploaded {self._text}")


class TransferBar(Painted, _Counted):
    """One bar, which is removed at the end."""

    def __init__(self, console: Console) -> None:
        Painted.__init__(self, console, kept=False)
        _Counted.__init__(self)

    def _show(self) -> None:
        bar = ProgressBar(total=max(1, self._bytes), completed=self._done_bytes, width=_BAR_COLUMNS)
        shown = Table.grid(padding=(0, 1))
        shown.add_row(Text("uploading"), bar, Text(self._text))
        self._live.update(shown, refresh=True)
