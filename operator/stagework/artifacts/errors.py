"""Errors of the artifact store, as a tree.

StoreError
├── BadKeyError        the key is no key: traversal, control characters, too long, too deep
├── NotStoredError     there is nothing under this key
├── OccupiedError      a folder stands where a file should be, or the other way round
├── CutOffError        fewer or more bytes came than were announced
├── DigestError        the bytes have another sha256 than announced
├── TooLargeError      more bytes than the limit
├── NoSpaceError       the volume is nearly full
├── QuotaError         the namespace has as much as it may
└── UnreachableError   the store does not answer as it should: nothing follows for its files
"""

from typing import Final

_KEY_SHOWN: Final = 100
"""So many characters of a key are told, the last ones: before them are names of ours."""


class StoreError(Exception):
    """Something about one key; the text is for the person or stage that asked."""


class BadKeyError(StoreError):
    """The key is refused before anything touches a disk."""

    def __init__(self, key: str, rule: str) -> None:
        end = key if len(key) <= _KEY_SHOWN else f"...{key[-_KEY_SHOWN:]}"
        super().__init__(f"no path for an artifact, {rule}: {end!r}")


class NotStoredError(StoreError):
    """There is nothing under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no artifact {key!r}")


class OccupiedError(StoreError):
    """A folder stands where a file should be, or the other way round."""

    def __init__(self, key: str) -> None:
        super().__init__(f"a file and a folder cannot have the same name: {key!r}")


class CutOffError(StoreError):
    """Fewer or more bytes came than were announced; nothing was kept."""

    def __init__(self, received: int, announced: int) -> None:
        super().__init__(f"{received} bytes came, {announced} were announced; nothing was kept")


class DigestError(StoreError):
    """The bytes have another sha256 than announced; nothing was kept."""

    def __init__(self, received: str, announced: str) -> None:
        super().__init__(f"sha256 of the bytes is {received}, announced was {announced[:64]}")


class TooLargeError(StoreError):
    """More bytes than `artifacts.maxFileBytes`; nothing was kept."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes are more than the limit of {limit} for one file")


class NoSpaceError(StoreError):
    """The volume would have less room left than `artifacts.minFreeBytes`.

    How much it has is no tenant's affair: that stands in the log.
    """

    def __init__(self) -> None:
        super().__init__("the artifact volume is nearly full")


class QuotaError(StoreError):
    """The namespace would have more bytes or files than `artifacts.maxNamespace...`."""

    def __init__(self, namespace: str, limit: int, what: str) -> None:
        super().__init__(f"namespace {namespace!r} may have {limit} {what}, and has them")


class UnreachableError(StoreError):
    """The store does not answer as it should; the same may work later.

    It says nothing about any file: in a bucket that is not there none is known to be missing.
    """

    def __init__(self, trouble: str) -> None:
        super().__init__(f"the store {trouble}")
