"""The last objects that were decided about, decoded: to check all of it again is not for free."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from stagework.cluster.cache.own_objects import OwnObject

KEPT: Final = 512
"""Objects kept; the one that was decided about longest ago goes first."""

SpecT = TypeVar("SpecT")
StatusT = TypeVar("StatusT")


@dataclass
class _Entry(Generic[SpecT, StatusT]):
    generation: int = -1
    spec: SpecT | None = None
    version: str = ""
    status: StatusT | None = None


class Decoded(Generic[SpecT, StatusT]):
    """Decoded specs by generation and statuses by resourceVersion, of one kind."""

    def __init__(
        self,
        decode_spec: Callable[[OwnObject], SpecT],
        decode_status: Callable[[OwnObject], StatusT],
    ) -> None:
        """Both raise pydantic.ValidationError where an object is broken, and so do we."""
        self._decode_spec = decode_spec
        self._decode_status = decode_status
        self._entries: OrderedDict[str, _Entry[SpecT, StatusT]] = OrderedDict()

    def spec(self, known: OwnObject) -> SpecT:
        """What a person wrote."""
        entry, generation = self._entry(known), known.metadata.generation
        if entry.spec is None or entry.generation != generation:
            entry.spec = self._decode_spec(known)
            entry.generation = generation
        return entry.spec

    def status(self, known: OwnObject) -> StatusT:
        """What is stored of the status."""
        entry, version = self._entry(known), known.metadata.resourceVersion
        if entry.status is None or entry.version != version:
            entry.status = self._decode_status(known)
            entry.version = version
        return entry.status

    def stored(self, known: OwnObject, status: StatusT) -> None:
        """Our own write was answered with this version: its status is known already."""
        entry = self._entry(known)
        entry.status, entry.version = status, known.metadata.resourceVersion

    def drop(self, uid: str) -> None:
        """The object has left memory."""
        self._entries.pop(uid, None)

    def _entry(self, known: OwnObject) -> _Entry[SpecT, StatusT]:
        uid = known.metadata.uid
        entry = self._entries.get(uid)
        if entry is None:
            entry = self._entries[uid] = _Entry()
            if len(self._entries) > KEPT:
                self._entries.popitem(last=False)
        else:
            self._entries.move_to_end(uid)
        return entry
