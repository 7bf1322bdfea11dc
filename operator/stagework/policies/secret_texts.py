"""Which part of a sentence is a secret? What people get to read may quote errors of others.

1. What is known to be one (addresses of receivers, their parts) goes, wherever it stands.
2. User and password of an address go.
3. What follows a word such as `token=` or `Bearer` goes.
"""

import re
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "***"
"""In its place."""
SHORTEST: Final = 6
"""A known word that is shorter is no secret: it would hide half of the text."""

_IN_ADDRESS: Final = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_WORD: Final = r"(?:authorization|password|passwd|secret|token|api[_-]?key|access[_-]?key)"
_VALUE: Final = r"(?!bearer\b)[^\s\"'&,;]+"
_NAMED: Final = re.compile(rf"(?i)\b((?:\w+[_-])?{_WORD}[\"']?\s*[=:]\s*[\"']?){_VALUE}")
_BEARER: Final = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+")


def without_secrets(text: str, known: Iterable[str] = ()) -> str:
    """The text with secrets hidden; `known`: words that are one."""
    for secret in sorted(set(known), key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, HIDDEN)
    text = _IN_ADDRESS.sub(HIDDEN, text)
    text = _BEARER.sub(rf"\g<1>{HIDDEN}", text)
    return _NAMED.sub(rf"\g<1>{HIDDEN}", text)
