"""What list and watch bring goes into the store, and whoever listens hears of it.

Every line of a watch moves the version from which the next one goes on, also where its object
cannot be decoded: it is reported and skipped.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Generic

import msgspec

from stagework.cluster.cache.store import Change, OnProblem, Store, is_older
from stagework.cluster.cache.watch_lag import WatchLag
from stagework.cluster.client.errors import Status, from_status
from stagework.cluster.client.paging import Codec, ListPage, T, WatchEvent, identity

OnChange = Callable[[Change[T]], None]
"""Called at once for each change, in the order of the store; must be quick."""


class Feed(Generic[T]):
    """The way into one store; `version` is where a watch goes on."""

    def __init__(
        self,
        path: str,
        kind: type[T],
        store: Store[T],
        *,
        on_change: OnChange[T],
        on_problem: OnProblem | None,
        lag: WatchLag,
    ) -> None:
        self.store = store
        self.lag = lag
        self.version = ""
        self._path = path
        self._codec = Codec(kind)
        self._on_change = on_change
        self._on_problem = on_problem

    def record(self, known: T) -> Change[T] | None:
        """Put an answer to a request of our own in; None where it was no news. It is not reported.

        Its echo in the watch is then dropped. Ignored where we know the object as new or newer, or
        where it has left since. The caller must know that the object is in the selection.
        """
        change = self.store.put(known)
        if change is not None:
            self.lag.owe(known.metadata.resourceVersion)
        return change

    def decode(self, body: bytes) -> T:
        """An answer as it came; raises msgspec.DecodeError."""
        return self._codec.one(body)

    def offer(self, known: T, *, deleted: bool) -> None:
        """Take in what a watch has brought, ours or somebody else's."""
        self.report(self.store.leave(known) if deleted else self.store.put(known))
        self.lag.brought(known.metadata.resourceVersion)

    def take_line(self, line: bytes) -> None:
        """One line of a watch; raises ApiError for an ERROR line."""
        event = self._codec.event(line, self._skip)
        if isinstance(event.object, msgspec.Raw):
            self._take_undecoded(WatchEvent(event.type, event.object))
            return
        self.offer(event.object, deleted=event.type == "DELETED")
        self._move_on(event.object.metadata.resourceVersion)

    def page(self, body: bytes, skipped: Callable[[str], None]) -> ListPage[T]:
        """A page of a list, decoded; `skipped` is told the uids of objects that do not decode."""

        def skip(raw: bytes, error: msgspec.DecodeError) -> None:
            skipped(identity(raw).uid)
            self._skip(raw, error)

        return self._codec.page(body, skip)

    def report(self, change: Change[T] | None) -> None:
        """Tell the listener; one bad object must not stop the watch."""
        if change is None:
            return
        try:
            self._on_change(change)
        except Exception as error:  # noqa: BLE001 - whoever listens may be wrong in any way
            self.problem(f"{self._path}: a change could not be taken in", error)

    def problem(self, sentence: str, error: Exception) -> None:
        """Say that something went wrong."""
        if self._on_problem is not None:
            self._on_problem(sentence, error)

    def _take_undecoded(self, event: WatchEvent[msgspec.Raw]) -> None:
        if event.type == "ERROR":
            status = msgspec.json.decode(event.object, type=Status)
            raise from_status(status, status.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        known = identity(event.object)
        if event.type == "DELETED":
            self.report(self.store.drop(known.uid, known.resourceVersion))
        if known.resourceVersion:
            self._move_on(known.resourceVersion)
        self.lag.brought(known.resourceVersion)

    def _move_on(self, version: str) -> None:
        if not is_older(version, self.version):
            self.version = version

    def _skip(self, raw: bytes, error: msgspec.DecodeError) -> None:
        self.problem(f"{self._path}: object skipped: {raw[:200]!r}", error)
