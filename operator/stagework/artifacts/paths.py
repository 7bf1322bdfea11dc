"""Which words may be a key of the store: judged before anything touches a disk."""

import unicodedata
from typing import Final

from stagework.artifacts.errors import BadKeyError

NAME_MAX_BYTES: Final = 255
"""Longest segment, in bytes of UTF-8: the limit of every file system in use."""
DEPTH_MAX: Final = 16
"""Most segments of a key."""
KEY_MAX_BYTES: Final = 1024
"""Longest key: the limit of S3."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})


def checked(key: str) -> str:
    """The key itself; raises BadKeyError with the rule that it breaks."""
    segments = key.split("/")
    for rule in (_broken_by_key(key, len(segments)), *map(_broken_by, segments)):
        if rule:
            raise BadKeyError(key, rule)
    return key


def _broken_by_key(key: str, depth: int) -> str:
    if not key:
        return "it is empty"
    if "\\" in key:
        return "it contains a backslash"
    if any(unicodedata.category(char) in _INVISIBLE for char in key):
        return "it contains a control character"
    if len(key.encode()) > KEY_MAX_BYTES:
        return f"it is longer than {KEY_MAX_BYTES} bytes"
    return f"it has more than {DEPTH_MAX} segments" if depth > DEPTH_MAX else ""


def _broken_by(segment: str) -> str:
    if segment in ("", ".", ".."):
        return f"it has a segment {segment!r}"
    if segment != segment.strip():
        return "a segment starts or ends with white space"
    if segment.startswith("."):
        # Temporary files and our own notes start with a dot, and nothing else does.
        return "a segment starts with a dot"
    if len(segment.encode()) > NAME_MAX_BYTES:
        return f"a segment is longer than {NAME_MAX_BYTES} bytes"
    return ""
