"""How what is watched gets to the reader: as lines, or painted anew in place in a terminal."""

from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live

from stagework.cli.text.terminal import Terminal


class Shown(Protocol):
    """A place that is entered before something is shown, and left after it."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        ...


class Lines:
    """Lines only."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def __enter__(self) -> Self:
        """Nothing to begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to leave behind."""


class Painted:
    """A part of the terminal that is painted anew in place."""

    def __init__(self, console: Console, *, kept: bool) -> None:
        """Kept: what was painted last stays at the end; else it is removed."""
        self._live = Live(console=console, auto_refresh=False, transient=not kept)

    def __enter__(self) -> Self:
        """Begin to paint."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Paint no more."""
        self._live.stop()
