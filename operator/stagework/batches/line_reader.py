"""A manifest's bytes as numbered lines, and what they say; only the line at hand is held."""

from collections.abc import Iterator
from typing import Final

from stagework.batches.errors import MANIFEST_UNREADABLE, Refused
from stagework.policies.manifest_lines import (
    LINE_BYTES,
    Columns,
    Given,
    JsonLines,
    Unreadable,
    format_of,
    of_csv,
    of_json,
)

_TOO_LONG: Final = Unreadable(f"it is longer than {LINE_BYTES // 1024} KiB")


class LineReader:
    """Feed it a manifest in pieces; raises Refused where it is none."""

    def __init__(self) -> None:
        self._rest = b""
        self._line = 0
        self._format: JsonLines | Columns | None = None
        self._skips = False
        """The line at hand is too long, and its end has not come."""

    def feed(self, piece: bytes) -> Iterator[tuple[int, Given | Unreadable]]:
        """The lines that end in this piece."""
        *ended, self._rest = (self._rest + piece).split(b"\n")
        for raw in ended:
            yield from self._ended(raw)
        if len(self._rest) > LINE_BYTES:
            self._skips, self._rest = True, b""

    def finish(self) -> Iterator[tuple[int, Given | Unreadable]]:
        """The last line, where no line break follows it."""
        if self._rest or self._skips:
            yield from self._ended(self._rest)
        self._rest = b""

    def _ended(self, raw: bytes) -> Iterator[tuple[int, Given | Unreadable]]:
        self._line += 1
        if self._skips or len(raw) > LINE_BYTES:
            self._skips = False
            yield self._line, _TOO_LONG
            return
        try:
            text = raw.decode().strip("\r")
        except UnicodeDecodeError:
            yield self._line, Unreadable("it is no UTF-8")
            return
        if text.strip():
            yield from self._read(text)

    def _read(self, text: str) -> Iterator[tuple[int, Given | Unreadable]]:
        if self._format is None:
            found = format_of(text)
            if isinstance(found, Unreadable):
                raise Refused(
                    MANIFEST_UNREADABLE, f"the list of items cannot be read: {found.reason}"
                )
            self._format = found
            text = text.lstrip("\ufeff")
            if isinstance(found, Columns):
                return
        if isinstance(self._format, Columns):
            yield self._line, of_csv(text, self._format)
        else:
            yield self._line, of_json(text)
