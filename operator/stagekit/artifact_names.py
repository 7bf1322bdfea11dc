"""Which names an artifact may have: one rule, for who sends it and for the store that takes it."""

from __future__ import annotations

import unicodedata
from typing import Final

NAME_MAX_BYTES: Final = 255
"""Longest segment, in bytes of UTF-8: the limit of every file system in use."""
SEGMENTS_MAX: Final = 16
"""Most segments of a file's path within its attempt."""
PATH_MAX_BYTES: Final = 700
"""Longest path within its attempt: with what stands before it, a key of S3 has 1024."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")
"""They belong to words of several languages, and to emoji."""


def broken_rule(
    path: str, *, segments_max: int = SEGMENTS_MAX, bytes_max: int = PATH_MAX_BYTES
) -> str:
    """The rule that a path breaks, as the end of a sentence on it; empty for a good one."""
    segments = path.split("/")
    rules = (_of_path(path, len(segments), segments_max, bytes_max), *map(_of_segment, segments))
    return next(filter(None, rules), "")


def _of_path(path: str, depth: int, segments_max: int, bytes_max: int) -> str:
    if not path:
        return "it is empty"
    if "\\" in path:
        return "it contains a backslash"
    if any(unicodedata.category(char) in _INVISIBLE for char in path if char not in _JOINERS):
        return "it contains a control character"
    if len(path.encode()) > bytes_max:
        return f"it is longer than {bytes_max} bytes"
    return f"it has more than {segments_max} segments" if depth > segments_max else ""


def _of_segment(segment: str) -> str:
    if segment in ("", ".", ".."):
        return f"it has a segment {segment!r}"
    if segment != segment.strip():
        return "a segment starts or ends with white space"
    if segment.startswith("."):
        # Temporary files and the store's own notes start with a dot, and nothing else does.
        return "a segment starts with a dot"
    if len(segment.encode()) > NAME_MAX_BYTES:
        return f"a segment is longer than {NAME_MAX_BYTES} bytes"
    return ""
