"""The form of an upload, passed on as it comes: known fields stay, `model` becomes ours.

Streaming: only a part's head and one boundary's length are held, however long the recording.
"""

import re
from typing import Final

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
_BOUNDARY: Final = re.compile(
    r'multipart/form-data\s*;.*?boundary="?([^";,\s]{1,70})"?', re.IGNORECASE
)
_NAME: Final = re.compile(
    rb'^content-disposition:[^\r\n]*?\bname="([^"\r\n]*)"', re.IGNORECASE | re.MULTILINE
)
_HEAD_MAX_BYTES: Final = 8192
_HEAD_END: Final = b"\r\n\r\n"


class Form:
    """Feed it the body in pieces; it gives the pieces to send, under the same boundary."""

    def __init__(self, content_type: str, model: str) -> None:
        found = _BOUNDARY.match(content_type.strip())
        if found is None:
            raise Unfit("an upload must be multipart/form-data with a boundary")
        self._boundary = found[1].encode("ascii", "replace")
        self._mark = b"\r\n--" + self._boundary
        # The first boundary may stand without a line before it.
        self._held = bytearray(b"\r\n")
        self._passes = False
        self._in_head = False
        self._ended = False
        self._first = (
            b"--" + self._boundary + b'\r\nContent-Disposition: form-data; name="model"\r\n\r\n'
        ) + model.encode()

    @property
    def content_type(self) -> str:
        """Header of what is sent on."""
        return f"multipart/form-data; boundary={self._boundary.decode('ascii', 'replace')}"

    def feed(self, chunk: bytes) -> bytes:
        """Take a piece; gives what is certain by now. Raises Unfit for what is no form."""
        self._held += chunk
        out = bytearray(self._first)
        self._first = b""
        while not self._ended and self._step(out):
            pass
        if self._ended:
            self._held.clear()
        return bytes(out)

    def finish(self) -> bytes:
        """The end; raises Unfit where the form was cut off."""
        if not self._ended:
            raise Unfit("the upload's form is cut off")
        return self._mark + b"--\r\n"

    def _step(self, out: bytearray) -> bool:
        """One step; False where more bytes are needed."""
        return self._head(out) if self._in_head else self._body(out)

    def _body(self, out: bytearray) -> bool:
        at = self._held.find(self._mark)
        if at < 0:
            # The end of what is held could be the beginning of a boundary.
            certain = max(0, len(self._held) - len(self._mark) + 1)
            if self._passes:
                out += self._held[:certain]
            del self._held[:certain]
            return False
        after = at + len(self._mark)
        if len(self._held) < after + 2:
            return False
        if self._passes:
            out += self._held[:at]
        self._passes = False
        self._ended = self._held.startswith(b"--", after)
        self._in_head = not self._ended
        del self._held[:after]
        return True

    def _head(self, out: bytearray) -> bool:
        end = self._held.find(_HEAD_END)
        if end < 0 or end > _HEAD_MAX_BYTES:
            if len(self._held) > _HEAD_MAX_BYTES:
                raise Unfit("a part of the upload's form has no head")
            return False
        head = bytes(self._held[: end + len(_HEAD_END)])
        name = _NAME.search(head)
        self._passes = name is not None and name[1].decode("utf-8", "replace") in FIELDS
        if self._passes:
            out += self._mark + head
        del self._held[: end + len(_HEAD_END)]
        # A part without a body ends right here: its boundary needs the line before it.
        self._in_head = False
        return True
