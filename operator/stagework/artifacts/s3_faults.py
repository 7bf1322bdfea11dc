"""What an error of an S3-compatible store's client means. Its text quotes requests with their
headers, so that nothing of it is told on but the store's own word for it.

1. Refused: the client says so, or the status does (a listing's error has no kind). With the word
   for denied access it may be of this one request; else it is of our key.
2. An object that is not there: 404 with the store's word for it, or without any (HEAD has none).
3. 404 with any other word: the bucket is not there, or not for our key. Nothing follows from it for
   the objects.
4. A key that is no path of ours: what it lists has control characters, `//` or `..`.
5. Anything else may pass.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from obstore import exceptions

_STATUS: Final = re.compile(r"status code: (\d{3})\b")
_WORD: Final = re.compile(r"<Code>([A-Za-z][A-Za-z0-9]{0,63})</Code>")
_NO_OBJECT: Final = "NoSuchKey"
_FORBIDDEN: Final = "AccessDenied"
_REFUSED: Final = frozenset({401, 403})
_NOT_FOUND: Final = 404


class Fault(Enum):
    """Kinds of trouble with a store."""

    KEY_REFUSED = auto()
    FORBIDDEN = auto()
    NO_OBJECT = auto()
    NO_BUCKET = auto()
    BAD_OBJECT_KEY = auto()
    AWAY = auto()


@dataclass(frozen=True)
class Judged:
    """An error of a store's client."""

    fault: Fault
    word: str
    """The store's own, else its status, else the client's."""

    @property
    def sentence(self) -> str:
        """What is wrong with the store, for its administrator."""
        match self.fault:
            case Fault.KEY_REFUSED:
                return f"refuses our key ({self.word}): an administrator should check its Secret"
            case Fault.FORBIDDEN:
                return (
                    f"denies us this ({self.word}): an administrator should check our key's rights"
                )
            case Fault.NO_BUCKET:
                return (
                    f"has no such bucket for our key ({self.word}): an administrator should check "
                    "its bucket, endpoint and Secret"
                )
            case Fault.NO_OBJECT:
                return "has no such object"
            case Fault.BAD_OBJECT_KEY:
                return (
                    "has an object there whose key is no path (control characters, an empty "
                    "segment, . or ..): rename it"
                )
            case Fault.AWAY:
                return f"does not answer as it should ({self.word})"


def judged(error: BaseException | None) -> Judged | None:
    """None: it is no error of a store's client."""
    if not isinstance(error, exceptions.BaseError | FileNotFoundError):
        return None
    text = str(error)
    found = _STATUS.search(text)
    status = int(found[1]) if found else 0
    code = _WORD.search(text)
    word = code[1] if code else f"status {status}" if status else type(error).__name__
    refused = exceptions.PermissionDeniedError | exceptions.UnauthenticatedError
    if isinstance(error, refused) or status in _REFUSED:
        return Judged(Fault.FORBIDDEN if word == _FORBIDDEN else Fault.KEY_REFUSED, word)
    if isinstance(error, FileNotFoundError) and (code is None or word == _NO_OBJECT):
        return Judged(Fault.NO_OBJECT, word)
    if isinstance(error, FileNotFoundError) or status == _NOT_FOUND:
        return Judged(Fault.NO_BUCKET, word)
    if isinstance(error, exceptions.InvalidPathError):
        return Judged(Fault.BAD_OBJECT_KEY, word)
    return Judged(Fault.AWAY, word)
