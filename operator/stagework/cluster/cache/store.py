"""Objects of one selection as we know them, by uid, with indexes; versions decide what is newer.

An event, a page of a list and the answer to a write of our own may come in any order, twice, or
late, and the newest wins. What has left is remembered for a while by its last version, so that a
late answer cannot bring it back.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import Final, Generic

import msgspec

from stagework.cluster.client.paging import T

REMEMBERED: Final = 8192
"""How many objects that have left are remembered by their last version."""

IndexOf = Callable[[T], Hashable]
"""The value under which an object is found in an index; None: it is not in it."""
OnProblem = Callable[[str, Exception], None]
"""Told in a sentence what went wrong; the cache goes on by itself."""


class Change(msgspec.Struct, Generic[T], frozen=True):
    """What happened to one object of the selection."""

    old: T | None
    """As we knew it; None where it is new to us."""
    new: T | None
    """As it is now; None where it was deleted or left the selection."""
    last: T | None = None
    """Where `new` is None: its last state as the server told it, with its deletionTimestamp if it
    was deleted. None where only a full list showed that it is gone: then nothing is known of how,
    and a live GET must tell."""

    @property
    def object(self) -> T:
        """As it is now, or as it was last known."""
        known = self.new if self.new is not None else self.old
        if known is None:
            raise ValueError("a change without any object")
        return known


def is_newer(version: str, known: str) -> bool:
    """Whether a resourceVersion is newer than another; where not numeric: whether it differs."""
    try:
        return int(version) > int(known)
    except ValueError:
        return version != known


def is_older(version: str, known: str) -> bool:
    """Whether a resourceVersion is older than another; False where they are not numeric."""
    try:
        return int(version) < int(known)
    except ValueError:
        return False


class Store(Generic[T]):
    """The objects; every change goes through `put`, `leave` or `drop`, which say what it was."""

    def __init__(
        self,
        indexes: Mapping[str, IndexOf[T]] | None = None,
        on_problem: OnProblem | None = None,
    ) -> None:
        self._objects: dict[str, T] = {}
        self._view = MappingProxyType(self._objects)
        self._left: dict[str, str] = {}
        self._indexes = [
            _Index(name, value_of, on_problem) for name, value_of in (indexes or {}).items()
        ]
        self._by_name = {index.name: index for index in self._indexes}

    @property
    def objects(self) -> Mapping[str, T]:
        """All of them, by uid; a live view that must not be kept across an await."""
        return self._view

    def get(self, uid: str) -> T | None:
        """The object as we know it."""
        return self._objects.get(uid)

    def indexed(self, index: str, value: Hashable) -> tuple[T, ...]:
        """The objects found under a value of an index, in the order in which they came."""
        return tuple(self._objects[uid] for uid in self._by_name[index].uids(value))

    def put(self, known: T, *, certain: bool = False) -> Change[T] | None:
        """Take an object in; None where we know it as new or newer, or it has left since.

        `certain`: it counts whatever its version, as after a restore of the server's own store.
        """
        meta = known.metadata
        old = self._objects.get(meta.uid)
        before = old.metadata.resourceVersion if old is not None else self._left.get(meta.uid)
        if before is not None and not certain and not is_newer(meta.resourceVersion, before):
            return None
        self._objects[meta.uid] = known
        self._left.pop(meta.uid, None)
        for index in self._indexes:
            index.move(meta.uid, old, known)
        return Change(old, known)

    def swap(self, other: T) -> None:
        """Keep another form of the same version of an object, one that says less or more."""
        meta = other.metadata
        known = self._objects.get(meta.uid)
        if known is None or known.metadata.resourceVersion != meta.resourceVersion:
            return
        self._objects[meta.uid] = other
        for index in self._indexes:
            index.move(meta.uid, known, other)

    def leave(self, last: T) -> Change[T] | None:
        """The object has left the selection in this last state; None where that is old news."""
        meta = last.metadata
        old = self._objects.get(meta.uid)
        if old is not None and is_older(meta.resourceVersion, old.metadata.resourceVersion):
            return None
        return self.drop(meta.uid, meta.resourceVersion, last)

    def drop(self, uid: str, version: str, last: T | None = None) -> Change[T] | None:
        """The object is gone as of that version; None where it was not known."""
        old = self._objects.pop(uid, None)
        if uid not in self._left or is_newer(version, self._left[uid]):
            self._left[uid] = version
        if len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]
        if old is None:
            return None
        for index in self._indexes:
            index.move(uid, old, None)
        return Change(old, None, last)

    def forget_departures(self) -> None:
        """The server's store was restored: the versions that we remember mean nothing any more."""
        self._left.clear()


class _Index(Generic[T]):
    """Uids by a value of the objects, in the order in which they came under it."""

    def __init__(self, name: str, value_of: IndexOf[T], on_problem: OnProblem | None) -> None:
        self.name = name
        self._value_of = value_of
        self._on_problem = on_problem
        self._uids: dict[Hashable, dict[str, None]] = {}

    def uids(self, value: Hashable) -> Iterable[str]:
        return self._uids.get(value, ())

    def move(self, uid: str, old: T | None, new: T | None) -> None:
        before, after = self._value(old), self._value(new)
        if before == after:
            return
        if before is not None:
            entries = self._uids.get(before, {})
            entries.pop(uid, None)
            if not entries:
                self._uids.pop(before, None)
        if after is not None:
            self._uids.setdefault(after, {})[uid] = None

    def _value(self, known: T | None) -> Hashable:
        """An object that cannot be read (of an older schema) is in no index."""
        if known is None:
            return None
        try:
            return self._value_of(known)
        except Exception as error:  # noqa: BLE001 - one bad object must not stop the watch
            if self._on_problem is not None:
                name = f"{known.metadata.namespace}/{known.metadata.name}"
                self._on_problem(f"{name} is not in the index {self.name}", error)
            return None
