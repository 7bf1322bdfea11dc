"""Keeps a typed copy of some objects of the API server, and says what changed.

In this order: list everything in pages, watch from the list's version, and when the watch ends
go on from the last version seen; when that is too old (410), list again and compare with the
copy, so that changes that nobody told us of are still reported. The copy is never dropped: while
we are blind it is old, not empty.

Versions decide, not the order of arrival: an event, a page and the answer to a write of our own
(`replace`) may come in any order, twice, or late, and the newest wins. What has left is
remembered for a while by its last version, so that a late answer cannot bring it back.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, Generic

import msgspec

from stagework.cluster.client.errors import ApiError, Gone, Status, Unreachable, from_status
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.cache.paging import Codec, ListMeta, T, WatchEvent, identity

SILENCE_SECONDS: Final = 70.0
"""A watch without event or bookmark for so long is given up; bookmarks come once a minute."""
PAGE_SIZE: Final = 500
"""Objects in a page of the list."""
RESCAN_PAGE_SIZE: Final = 100
"""Objects in a page of a rescan: nothing else happens while a page is taken in."""
RESCAN_PAUSE_SECONDS: Final = 0.05
"""Between two pages of a rescan: decisions come first, nobody waits for a rescan."""
FIRST_PAUSE_SECONDS: Final = 0.2
"""First pause after a failure; doubles up to `LONGEST_PAUSE_SECONDS`."""
LONGEST_PAUSE_SECONDS: Final = 15.0
"""So that we are back well within a minute after the API server is."""
RELIST_AFTER_FAILURES: Final = 4
"""So many failed watches in a row, and the version we resume from is no longer trusted."""
OLD_LISTS_REFUSED: Final = 8
"""So many lists older than what we know are refused in a row; then the store was restored."""
BREATH_EVENTS: Final = 200
"""After so many events others get their turn on the loop."""
REMEMBERED: Final = 8192
"""How many objects that have left are remembered by their last version."""


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


OnChange = Callable[[Change[T]], None]
"""Called at once for each change, in the order of the copy; must be quick and not raise."""
OnProblem = Callable[[str, Exception], None]
"""Told in a sentence what went wrong; the reflector goes on by itself."""


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


class Reflector(Generic[T]):
    """A live copy of the objects of one path and selection. Start it with `run()`."""

    def __init__(
        self,
        api: KubeApi,
        path: str,
        kind: type[T],
        on_change: OnChange[T],
        *,
        params: Mapping[str, str] | None = None,
        on_problem: OnProblem | None = None,
        silence_seconds: float = SILENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        dice: Callable[[], float] = random.random,
    ) -> None:
        """Copy `path` (a collection); `params` may select (labelSelector, fieldSelector)."""
        self._api = api
        self._path = path
        self._params = dict(params or {})
        self._codec = Codec(kind)
        self._on_change = on_change
        self._on_problem = on_problem
        self._silence_seconds = silence_seconds
        self._clock = clock
        self._sleep = sleep
        self._dice = dice
        self._objects: dict[str, T] = {}
        self._view = MappingProxyType(self._objects)
        self._left: dict[str, str] = {}
        self._version = ""
        self._must_list = True
        self._failures = 0
        self._old_lists = 0
        self._contact_at = clock()
        self._told = ""
        self._owed: tuple[str, float] | None = None
        self.synced = asyncio.Event()
        """Set when the first full list is in the copy; never cleared."""

    @property
    def objects(self) -> Mapping[str, T]:
        """The copy, by uid; a live view that must not be kept across an await."""
        return self._view

    def get(self, uid: str) -> T | None:
        """The object as we know it."""
        return self._objects.get(uid)

    def last_contact_seconds(self) -> float:
        """Seconds since the server last told us anything (event, bookmark, full list)."""
        return self._clock() - self._contact_at

    def owed_seconds(self) -> float:
        """How long the watch has owed us a change that we know of from elsewhere; 0: none.

        Our own writes and the rescans are the canary: what they show must come back through the
        watch too. While the API server cannot be reached nothing new is owed.
        """
        return self._clock() - self._owed[1] if self._owed is not None else 0.0

    def replace(self, known: T) -> bool:
        """Put the answer of our own write into the copy; whether it was news.

        Its echo in the watch is then dropped. Ignored where the copy is as new or newer, or where
        the object has left since. The caller must know that the object is in the selection.
        """
        if not self._put(known):
            return False
        self._owe(known.metadata.resourceVersion)
        return True

    def swap(self, other: T) -> None:
        """Keep another copy of the same version of an object, one that says less or more."""
        meta = other.metadata
        known = self._objects.get(meta.uid)
        if known is not None and known.metadata.resourceVersion == meta.resourceVersion:
            self._objects[meta.uid] = other

    def tell(self, known: T, *, deleted: bool) -> None:
        """Take in what a watch of somebody else's reported about an object."""
        if deleted:
            self._left_selection(known)
        else:
            self._put(known)
        self._heard(known.metadata.resourceVersion)

    async def run(self) -> None:
        """List and watch until cancelled."""
        while True:
            try:
                if self._must_list:
                    await self.relist()
                    self._contact_at = self._clock()
                await self._watch()
            except Gone as error:
                self._must_list = True
                # Once is usual after a long silence; again and again must not become a storm.
                await self._recover(error, at_once=self._failures == 0)
            except (ApiError, msgspec.DecodeError) as error:
                self._problem(f"{self._path}: list or watch failed", error)
                await self._recover(error)
            else:
                self._failures = 0
                # The server ends each watch after some minutes; not everybody at once.
                await self._sleep(0.1 * self._dice())

    async def rescan(self) -> None:
        """Do what `relist` does, without haste."""
        await self.relist(page_size=RESCAN_PAGE_SIZE, pause_seconds=RESCAN_PAUSE_SECONDS)

    async def relist(self, *, page_size: int = PAGE_SIZE, pause_seconds: float = 0.0) -> None:
        """List everything and report what differs from the copy; pauses are between pages.

        May be called at any time, also while the watch runs: versions tell what is newer.
        Raises ApiError, also where the server's answer is older than what it has told us before.
        """
        seen: set[str] = set()
        floor = self._version
        restored = False
        meta = ListMeta()

        def skipped(raw: bytes, error: msgspec.DecodeError) -> None:
            seen.add(identity(raw).uid)
            self._bad_object(raw, error)

        async for body in self._api.list_pages(
            self._path, self._params, page_size, on_restart=seen.clear
        ):
            if pause_seconds and seen:
                await self._sleep(pause_seconds)
            page = self._codec.page(body, skipped)
            meta = page.metadata
            if not restored and is_older(meta.resourceVersion, floor):
                restored = self._store_was_restored(meta.resourceVersion, floor)
            for each in page.items or ():
                seen.add(each.metadata.uid)
                if self._put(each, certain=restored) and self.synced.is_set() and not restored:
                    self._owe(each.metadata.resourceVersion)
        for uid in [uid for uid in self._objects if uid not in seen]:
            known = self._objects[uid].metadata.resourceVersion
            # Newer than the list: our own write came in while the list was under way.
            if restored or not is_newer(known, meta.resourceVersion):
                self._drop(uid, meta.resourceVersion, None)
        self._old_lists = 0
        if restored or not is_older(meta.resourceVersion, self._version):
            self._version = meta.resourceVersion
        self._must_list = False
        self.synced.set()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        params = {**self._params, "resourceVersion": self._version}
        count = 0
        began = alive_at = self._clock()
        try:
            async with (
                asyncio.timeout(self._silence_seconds) as silence,
                contextlib.aclosing(self._api.watch(self._path, params)) as lines,
            ):
                async for line in lines:
                    self._take(line)
                    self._failures = 0
                    now = self._contact_at = self._clock()
                    if now - alive_at > self._silence_seconds / 50:
                        alive_at = now
                        silence.reschedule(loop.time() + self._silence_seconds)
                    count += 1
                    if count % BREATH_EVENTS == 0:
                        await asyncio.sleep(0)
        except TimeoutError as error:
            # Events may be lost; and a version from before a restored backup is silent for ever.
            self._must_list = True
            raise Unreachable(f"the watch was silent for {self._silence_seconds} s") from error
        if not count and self._clock() - began < 1.0:
            raise Unreachable("the watch ended as soon as it had begun")

    def _take(self, line: bytes) -> None:
        event = self._codec.event(line, self._bad_object)
        if isinstance(event.object, msgspec.Raw):
            self._take_other(WatchEvent(event.type, event.object))
            return
        known = event.object
        version = known.metadata.resourceVersion
        if event.type == "DELETED":
            self._left_selection(known)
        else:
            self._put(known)
        if not is_older(version, self._version):
            self._version = version
        self._heard(version)

    def _take_other(self, event: WatchEvent[msgspec.Raw]) -> None:
        if event.type == "ERROR":
            said = msgspec.json.decode(event.object, type=Status)
            raise from_status(said, said.code or HTTPStatus.INTERNAL_SERVER_ERROR)
        known = identity(event.object)
        if event.type == "DELETED":
            self._drop(known.uid, known.resourceVersion, None)
        if known.resourceVersion and not is_older(known.resourceVersion, self._version):
            self._version = known.resourceVersion
        self._heard(known.resourceVersion)

    def _owe(self, version: str) -> None:
        """The watch must bring this version, or a newer one; one debt at a time is enough."""
        if self._owed is None and (not self._told or is_newer(version, self._told)):
            self._owed = (version, self._clock())

    def _heard(self, version: str) -> None:
        self._told = version
        if self._owed is not None and not is_older(version, self._owed[0]):
            self._owed = None

    def _put(self, known: T, *, certain: bool = False) -> bool:
        meta = known.metadata
        old = self._objects.get(meta.uid)
        before = old.metadata.resourceVersion if old is not None else self._left.get(meta.uid)
        if before is not None and not certain and not is_newer(meta.resourceVersion, before):
            return False
        self._objects[meta.uid] = known
        self._left.pop(meta.uid, None)
        self._report(Change(old, known))
        return True

    def _left_selection(self, last: T) -> None:
        meta = last.metadata
        old = self._objects.get(meta.uid)
        if old is None or not is_older(meta.resourceVersion, old.metadata.resourceVersion):
            self._drop(meta.uid, meta.resourceVersion, last)

    def _drop(self, uid: str, version: str, last: T | None) -> None:
        old = self._objects.pop(uid, None)
        if uid not in self._left or is_newer(version, self._left[uid]):
            self._left[uid] = version
        if len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]
        if old is not None:
            self._report(Change(old, None, last))

    def _store_was_restored(self, version: str, floor: str) -> bool:
        """Raise Unreachable for a list from an old cache, until it has come too often for that."""
        self._old_lists += 1
        if self._old_lists <= OLD_LISTS_REFUSED:
            raise Unreachable(
                f"{self._path}: the list is of version {version}, older than {floor} that we know"
            )
        # The store was restored from a backup: the versions that we know mean nothing any more.
        self._left.clear()
        return True

    async def _recover(
        self, error: ApiError | msgspec.DecodeError, *, at_once: bool = False
    ) -> None:
        self._failures += 1
        if at_once:
            return
        if self._failures >= RELIST_AFTER_FAILURES and not isinstance(error, Unreachable):
            self._must_list = True
        pause = FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures - 1, 10)
        asked = (error.retry_after_seconds if isinstance(error, ApiError) else None) or 0.0
        await self._sleep(
            min(max(pause, asked), LONGEST_PAUSE_SECONDS) * (0.5 + 0.5 * self._dice())
        )

    def _report(self, change: Change[T]) -> None:
        try:
            self._on_change(change)
        except Exception as error:  # noqa: BLE001 - one bad object must not stop the watch
            self._problem(f"{self._path}: a change could not be taken in", error)

    def _bad_object(self, raw: bytes, error: msgspec.DecodeError) -> None:
        self._problem(f"{self._path}: object skipped: {raw[:200]!r}", error)

    def _problem(self, sentence: str, error: Exception) -> None:
        if self._on_problem is not None:
            self._on_problem(sentence, error)
