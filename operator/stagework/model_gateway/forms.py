"""The form of a recording: read whole, and written anew of the fields of the protocol.

A library reads it and another one writes it; nothing is passed on byte for byte but the recording
itself. Fields that the protocol does not have are dropped; one that stands there twice, or in a
head that can be read in two ways, is refused.
"""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import multipart
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from stagework.model_gateway.errors import Unfit

FILE: Final = "file"
REPEATED: Final = "timestamp_granularities[]"
"""The one field that may come more than once."""
FIELDS: Final = frozenset({"language", "prompt", "response_format", "temperature", REPEATED})
"""Fields of the protocol beside the file; `model` is ours, all others are dropped."""
RESPONSE_FORMATS: Final = frozenset({"json", "verbose_json"})
"""Other replies could not be rebuilt."""
PARTS_MAX: Final = 128
"""A form with more parts is refused."""
FIELD_MAX_BYTES: Final = 64 * 1024
_BOUNDARY_MAX: Final = 70
_HEADER_MAX_BYTES: Final = 4096
_TYPE: Final = re.compile(r"(audio|video)/[a-z0-9][a-z0-9.+-]{0,60}")
_EXTENSION: Final = re.compile(r"\.[a-z0-9]{1,8}")

# It has no types of its own.
_untyped: Any = multipart
_parse_header: Callable[[str], tuple[str, dict[str, str]]] = _untyped.parse_options_header


@dataclass
class Recording:
    """What a form holds."""

    content: bytes | None = None
    content_type: str = "application/octet-stream"
    extension: str = ""
    """Of its name, such as `.wav`; servers tell its kind by it."""
    fields: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def form(self, model: str) -> aiohttp.FormData:
        """The form to send, with our model."""
        form = aiohttp.FormData(quote_fields=True)
        form.add_field("model", model)
        for name, value in self.fields:
            form.add_field(name, value)
        form.add_field(
            FILE,
            self.content or b"",
            content_type=self.content_type,
            filename=f"recording{self.extension}",
        )
        return form


async def read(content_type: str, chunks: AsyncIterator[bytes]) -> Recording:
    """The whole form; raises Unfit for what is none."""
    reader = _Reader(_boundary(content_type))
    try:
        async for chunk in chunks:
            if chunk:  # the parser would take an empty one for the end
                reader.feed(chunk)
        return reader.finish()
    except MultipartError:
        # Its text may quote the form.
        raise Unfit(
            "the upload's form is broken or cut off, or a part's head is too long"
        ) from None


class _Reader:
    """Takes a form in pieces."""

    def __init__(self, boundary: str) -> None:
        self._parser = PushMultipartParser(
            boundary, max_header_size=_HEADER_MAX_BYTES, max_segment_count=PARTS_MAX
        )
        self._recording = Recording()
        self._segment: MultipartSegment | None = None
        self._content = bytearray()
        self._seen: set[str] = set()

    def feed(self, chunk: bytes) -> None:
        """Take a piece."""
        for event in self._parser.parse(chunk):
            if isinstance(event, MultipartSegment):
                self._begin(event)
            elif event is None:
                self._end()
            else:
                self._add(event)

    def finish(self) -> Recording:
        """The end; raises MultipartError where the form was cut off."""
        self._parser.close()
        if self._recording.content is None:
            raise Unfit("the upload has no part `file`")
        return self._recording

    def _begin(self, segment: MultipartSegment) -> None:
        heads = [name.lower() for name, _ in segment.headerlist]
        name = segment.name or ""
        if len(heads) != len(set(heads)) or (name in self._seen and name != REPEATED):
            raise Unfit("a part of the upload's form, or a line of its head, is there twice")
        self._seen.add(name)
        self._segment = segment
        self._content.clear()

    def _add(self, piece: bytes | bytearray) -> None:
        name = self._segment.name if self._segment is not None else ""
        if name != FILE and len(self._content) + len(piece) > FIELD_MAX_BYTES:
            raise Unfit("a field of the upload's form is too long")
        if name == FILE or name in FIELDS:
            self._content += piece

    def _end(self) -> None:
        segment = self._segment
        if segment is None:
            return
        name = segment.name or ""
        if name == FILE:
            self._keep_file(segment)
        elif name in FIELDS:
            self._keep_field(name)

    def _keep_file(self, segment: MultipartSegment) -> None:
        recording = self._recording
        recording.content = bytes(self._content)
        kind = (segment.content_type or "").lower()
        if _TYPE.fullmatch(kind):
            recording.content_type = kind
        _, dot, end = (segment.filename or "").rpartition(".")
        if _EXTENSION.fullmatch(f"{dot}{end}".lower()):
            recording.extension = f".{end.lower()}"

    def _keep_field(self, name: str) -> None:
        try:
            value = self._content.decode()
        except UnicodeDecodeError:
            raise Unfit(f"the field {name!r} is not UTF-8") from None
        if name == "response_format" and value not in RESPONSE_FORMATS:
            raise Unfit("`response_format` must be json or verbose_json")
        self._recording.fields.append((name, value))


def _boundary(content_type: str) -> str:
    kind, options = _parse_header(content_type)
    boundary = options.get("boundary", "")
    is_one = boundary.isascii() and boundary.isprintable() and 0 < len(boundary) <= _BOUNDARY_MAX
    if kind != "multipart/form-data" or not is_one:
        raise Unfit("an upload must be multipart/form-data with a boundary")
    return boundary
