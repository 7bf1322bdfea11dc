"""Forms with many files (multipart/form-data), part by part: nothing is held but the part at hand.

Each file goes to a temporary file first, since its size is not said beforehand. What a part calls
itself is a text for people; no path is made of it.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO, Final

import multipart
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from stagework.web.errors import ProblemError, bad_request

FIELD_MAX_BYTES: Final = 64 * 1024
"""A field that is no file is shorter."""
FIELDS_MAX: Final = 100
"""Fields beside the files."""
_BOUNDARY_MAX: Final = 70
_HEADER_MAX_BYTES: Final = 4096
_MEMORY_BYTES: Final = 1024 * 1024
"""Smaller files stay in memory."""

# It has no types of its own.
_untyped: Any = multipart
_parse_header: Callable[[str], tuple[str, dict[str, str]]] = _untyped.parse_options_header


@dataclass
class Part:
    """A part that has come whole; `file` stands at its begin, and is closed with the next part."""

    name: str
    filename: str | None
    file: BinaryIO
    size: int = 0

    def text(self) -> str:
        """Of a field; raises ProblemError."""
        if self.size > FIELD_MAX_BYTES:
            raise bad_request(
                f"the field {self.name[:60]!r} is longer than {FIELD_MAX_BYTES} bytes"
            )
        try:
            return self.file.read(FIELD_MAX_BYTES).decode().strip()
        except UnicodeDecodeError:
            raise bad_request(f"the field {self.name[:60]!r} is no UTF-8") from None


@dataclass
class _Open:
    part: Part | None = None
    ended: list[Part] = field(default_factory=list[Part])


class FormReader:
    """Reads one form; raises ProblemError (400, 413, 415) for what is none, or too much."""

    def __init__(self, content_type: str, *, max_bytes: int, max_files: int) -> None:
        kind, options = _parse_header(content_type)
        boundary = options.get("boundary", "")
        good = boundary.isascii() and boundary.isprintable() and 0 < len(boundary) <= _BOUNDARY_MAX
        if kind != "multipart/form-data" or not good:
            raise ProblemError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "an upload of files is multipart/form-data with a boundary",
                "with curl: -F batch_name=NAME -F files=@FILE -F files=@FILE",
            )
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._parser = PushMultipartParser(
            boundary,
            max_header_size=_HEADER_MAX_BYTES,
            max_segment_count=max_files + FIELDS_MAX,
        )
        self._open = _Open()

    async def parts(self, body: AsyncIterator[bytes]) -> AsyncIterator[Part]:
        """Every part, when it has come whole."""
        received = 0
        try:
            async for chunk in body:
                received += len(chunk)
                if received > self._max_bytes:
                    raise _too_large(self._max_bytes)
                for part in await asyncio.to_thread(self._fed, chunk):
                    yield part
                    part.file.close()
            self._finish()
        finally:
            self.close()

    def close(self) -> None:
        """Remove what is temporary."""
        for part in (self._open.part, *self._open.ended):
            if part is not None:
                part.file.close()

    def _finish(self) -> None:
        try:
            self._parser.close()
        except MultipartError:
            raise bad_request("the upload was cut off", "send it again, whole") from None

    def _fed(self, chunk: bytes) -> list[Part]:
        if not chunk:
            return []  # the parser would take it for the end
        self._open.ended = []
        try:
            for event in self._parser.parse(chunk):
                self._take(event)
        except MultipartError as error:
            if "segment count" in str(error):
                message = f"the upload has more than {self._max_files} files"
                raise ProblemError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, "make several batches of it"
                ) from None
            raise bad_request("the upload's form is broken", "send it again, whole") from None
        return self._open.ended

    def _take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        """A part's head, a piece of its body, or (None) its end."""
        if isinstance(event, MultipartSegment):
            file = tempfile.SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115 - closed by `close`
            self._open.part = Part(event.name or "", event.filename, file)  # type: ignore[arg-type]
            return
        part = self._open.part
        if part is None:
            return
        if event is None:
            part.file.seek(0)
            self._open.ended.append(part)
            self._open.part = None
            return
        part.file.write(event)
        part.size += len(event)


def _too_large(limit: int) -> ProblemError:
    hint = "an administrator can raise settings.batches.maxUploadBytes; or make several batches"
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the upload has more than {limit} bytes", hint
    )
