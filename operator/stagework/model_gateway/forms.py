"""The form of an upload, passed on as it comes: known fields stay, `model` becomes ours.

Streaming: only a part's head and one boundary's length are held, however long the recording. The
parts are written anew under a boundary of our own, their heads made of what was understood: no
other reading of the form can find a second `model` in it.
"""

import secrets
from collections.abc import Callable
from typing import Any, Final

import multipart
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from stagework.model_gateway.errors import Unfit

FIELDS: Final = frozenset(
    {
        "file",
        "language",
        "prompt",
        "response_format",
        "temperature",
        "timestamp_granularities[]",
    }
)
"""Fields of the protocol that pass; `model` is added, all others are dropped."""
PARTS_MAX: Final = 128
"""A form with more parts is refused."""
_BOUNDARY_MAX: Final = 70
_HEADER_MAX_BYTES: Final = 4096
# Headers pass byte for byte, whatever their charset is.
_CHARSET: Final = "latin-1"

# These two have no types of their own.
_untyped: Any = multipart
_parse_header: Callable[[str], tuple[str, dict[str, str]]] = _untyped.parse_options_header
_quote: Callable[[str], str] = _untyped.content_disposition_quote


class FormRewriter:
    """Feed it the body in pieces; it gives the pieces to send."""

    def __init__(self, content_type: str, model: str) -> None:
        kind, options = _parse_header(content_type)
        boundary = options.get("boundary", "")
        if kind != "multipart/form-data" or not _is_boundary(boundary):
            raise Unfit("an upload must be multipart/form-data with a boundary")
        self._parser = PushMultipartParser(
            boundary,
            max_header_size=_HEADER_MAX_BYTES,
            max_segment_count=PARTS_MAX,
            header_charset=_CHARSET,
        )
        self._boundary = secrets.token_hex(16)
        self._passes = False
        self._model_part = self._head(_quote("model"), "") + model.encode() + b"\r\n"

    @property
    def content_type(self) -> str:
        """Header of what is sent on."""
        return f"multipart/form-data; boundary={self._boundary}"

    def feed(self, chunk: bytes) -> bytes:
        """Take a piece; gives what is certain by now. Raises Unfit for what is no form."""
        if not chunk:
            return b""  # the parser would take it for the end
        output = bytearray(self._model_part)
        self._model_part = b""
        try:
            for event in self._parser.parse(chunk):
                output += self._rewritten(event)
        except MultipartError:
            # Its text may quote the form.
            raise Unfit("the upload's form is broken, or a part's head is too long") from None
        return bytes(output)

    def finish(self) -> bytes:
        """The end; raises Unfit where the form was cut off."""
        try:
            self._parser.close()
        except MultipartError:
            raise Unfit("the upload's form is cut off") from None
        return f"--{self._boundary}--\r\n".encode()

    def _rewritten(self, event: MultipartSegment | bytes | bytearray | None) -> bytes | bytearray:
        """One event: a part's head, a piece of its body, or (None) its end."""
        if isinstance(event, MultipartSegment):
            self._passes = event.name in FIELDS
            return self._head_of(event) if self._passes else b""
        if not self._passes:
            return b""
        return b"\r\n" if event is None else event

    def _head_of(self, segment: MultipartSegment) -> bytes:
        disposition = _quote(segment.name or "")
        if segment.filename is not None:
            disposition += f"; filename={_quote(segment.filename)}"
        others = [header for header in segment.headerlist if header[0] != "Content-Disposition"]
        if any("\r" in value or "\n" in value for _, value in others):
            raise Unfit("a part of the upload's form has a broken head")
        lines = "".join(f"\r\n{name}: {value}" for name, value in others)
        return self._head(disposition, lines)

    def _head(self, disposition: str, more_lines: str) -> bytes:
        text = f"--{self._boundary}\r\nContent-Disposition: form-data; name={disposition}"
        return f"{text}{more_lines}\r\n\r\n".encode(_CHARSET)


def _is_boundary(text: str) -> bool:
    return text.isascii() and text.isprintable() and 0 < len(text) <= _BOUNDARY_MAX
