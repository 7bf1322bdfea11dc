"""How much room a namespace has: bytes, files, and uploads at once.

1. Bytes count as they come: what somebody announces takes no room from anybody.
2. What is stored was counted once and what was kept since was added. Where that would be too much
   it is counted again, for the sweep and people delete: at most every `COUNTED_SECONDS`.
3. What is coming is counted apart, for it lies where no count finds it, until it is kept or given
   back. What goes past us, by an address, is coming for `ADDRESS_SECONDS`.
4. More uploads than `maxNamespaceUploads` wait for a turn, `TURN_SECONDS` at most.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from stagework.artifacts.errors import QuotaError
from stagework.artifacts.store import Extent, Store
from stagework.settings import ArtifactSettings
from stagework.web.errors import ProblemError

COUNTED_SECONDS: Final = 60.0
"""What is stored is not counted again before."""
TURN_SECONDS: Final = 10.0
"""So long an upload waits for others of its namespace."""
ADDRESS_SECONDS: Final = 600.0
"""An address for an upload may be in use for so long: a minute until its bytes begin to come, and
the time that they take."""
_SHARE: Final = 4, 5
_NO_LIMITS: Final = Extent(2**62, 2**62)
_NOTHING: Final = Extent(0, 0)


@dataclass
class _Namespace:
    turns: asyncio.Semaphore
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    stored: Extent = _NOTHING
    coming: Extent = _NOTHING
    addressed: dict[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])
    """Files that are coming past us: until when, and their sizes; the oldest addresses first."""
    counted_at: float | None = None


class Space:
    """The namespaces' use of the store, in memory; `clock` in seconds."""

    def __init__(
        self, store: Store, settings: ArtifactSettings, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._namespaces: dict[str, _Namespace] = {}
        self._limits: Extent | None = None

    @asynccontextmanager
    async def upload(self, namespace: str) -> AsyncGenerator["Upload"]:
        """One upload, once it has its turn; raises ProblemError (429) and QuotaError."""
        known = self._known(namespace)
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await known.turns.acquire()
        except TimeoutError:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{self._settings.maxNamespaceUploads} uploads of the namespace are under way",
                "try again; an administrator can raise artifacts.maxNamespaceUploads",
                {"Retry-After": "5"},
            ) from None
        taken = Upload(self, namespace)
        try:
            await self.take(namespace, 0, 0)  # one that is full by now is told before it sends
            yield taken
        finally:
            known.turns.release()
            taken.give_back()

    async def take(self, namespace: str, size: int, files: int = 1) -> None:
        """Count bytes and files that are coming; raises QuotaError where there is no room."""
        known, coming = self._known(namespace), Extent(size, files)
        self._keep_arrived(namespace, known)
        async with known.lock:
            limits = await self._limits_now()
            if known.counted_at is None and limits != _NO_LIMITS:
                await self._count(namespace, known)
            over = self._over(known, limits, coming)
            if over and self._clock() - (known.counted_at or 0.0) >= COUNTED_SECONDS:
                await self._count(namespace, known)
                over = self._over(known, limits, coming)
            if over:
                limit = getattr(limits, over)
                raise QuotaError(namespace, limit, "bytes" if over == "size" else "files")
            known.coming += coming

    async def take_addressed(self, namespace: str, file: str, size: int) -> None:
        """Likewise a file that an address is given for, once however often that is; `file` names
        it and its content. Nobody says when it has come.
        """
        if await self._limits_now() == _NO_LIMITS:
            return
        addressed = self._known(namespace).addressed
        if addressed.pop(file, None) is None:
            await self.take(namespace, size)
        addressed[file] = (self._clock() + ADDRESS_SECONDS, size)

    def keep(self, namespace: str, size: int, files: int) -> None:
        """What was taken is stored now."""
        self.give_back(namespace, size, files)
        self._known(namespace).stored += Extent(size, files)

    def give_back(self, namespace: str, size: int, files: int) -> None:
        """What was taken has not been kept."""
        self._known(namespace).coming -= Extent(size, files)

    def _keep_arrived(self, namespace: str, known: _Namespace) -> None:
        """Of those that have not come the next count knows."""
        while known.addressed:
            file, (until, size) = next(iter(known.addressed.items()))
            if self._clock() < until:
                return
            del known.addressed[file]
            self.keep(namespace, size, 1)

    def _known(self, namespace: str) -> _Namespace:
        known = self._namespaces.get(namespace)
        if known is None:
            turns = asyncio.Semaphore(self._settings.maxNamespaceUploads)
            known = self._namespaces[namespace] = _Namespace(turns)
        return known

    async def _count(self, namespace: str, known: _Namespace) -> None:
        # What is kept meanwhile may count twice until the next time: rather too much than too
        # little.
        before = known.stored
        counted = await self._store.extent(namespace)
        known.stored = counted + (known.stored - before)
        known.counted_at = self._clock()

    @staticmethod
    def _over(known: _Namespace, limits: Extent, more: Extent) -> str:
        """Which limit there is no room below; empty: none."""
        wanted = known.stored + known.coming + more
        if wanted.size > limits.size:
            return "size"
        return "files" if wanted.files > limits.files else ""

    async def _limits_now(self) -> Extent:
        if self._limits is None:
            wanted = self._settings
            room = await self._store.capacity()
            share = _share_of(room) if room is not None else _NO_LIMITS
            self._limits = Extent(
                wanted.maxNamespaceBytes or share.size, wanted.maxNamespaceFiles or share.files
            )
        return self._limits


def _share_of(room: Extent) -> Extent:
    """Of a volume, for one namespace: no tenant fills it for all others."""
    part, of = _SHARE
    return Extent(room.size * part // of, room.files * part // of)


class Upload:
    """The bytes and files of one upload; what is not kept is given back at its end."""

    def __init__(self, space: Space, namespace: str) -> None:
        self._space = space
        self._namespace = namespace
        self._coming = 0
        self._files = 0

    async def counted(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """One file's bytes, each of which has room; raises QuotaError."""
        await self._space.take(self._namespace, 0)
        self._files += 1
        async for chunk in chunks:
            await self._space.take(self._namespace, len(chunk), 0)
            self._coming += len(chunk)
            yield chunk

    def keep(self) -> None:
        """All that has come by now is stored."""
        self._space.keep(self._namespace, self._coming, self._files)
        self._coming = self._files = 0

    def give_back(self) -> None:
        """The rest is gone."""
        self._space.give_back(self._namespace, self._coming, self._files)
        self._coming = self._files = 0
