"""Files of attempts, and the seal on them: after `result.json` not a byte of an attempt changes.

1. It is looked for before the bytes come, and once more right before they get their name, under a
   lock of the attempt: nothing comes between the two.
2. `result.json` always comes through us. The same one may come again, for its sender may not have
   heard our answer; it changes nothing.
3. A presigned address holds good for one length and one digest. So that a late use of it changes
   nothing, a file for which one was given may come with no other bytes, unless it is there and the
   address cannot be in use any more; and an attempt is not sealed before all such files have come.
4. An address is given where there is room for its file; nothing is remembered of one that was
   refused.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from weakref import WeakValueDictionary

from stagekit.contract import RESULT_FILE
from stagework.artifacts.paths import checked
from stagework.artifacts.store import Received, Store, stored_digest
from stagework.web.artifact_path import ArtifactPath, ArtifactPrefix
from stagework.web.errors import ProblemError
from stagework.web.space import ADDRESS_SECONDS, Space

ATTEMPTS_MAX: Final = 10_000
"""So many attempts are remembered that were given addresses; the oldest are forgotten first."""
FILES_MAX: Final = 2000
"""So many files of one attempt; more of them come through us."""


@dataclass(frozen=True, slots=True)
class _Given:
    """An address."""

    sha256: str
    until: float
    """Then it cannot be in use any more."""


class AttemptWrites:
    """Writes files of attempts, of one process alone."""

    def __init__(self, store: Store, space: Space, clock: Callable[[], float]) -> None:
        """`clock` in seconds."""
        self._store = store
        self._space = space
        self._clock = clock
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._given: dict[str, dict[str, _Given]] = {}
        """Attempt to the files for which it was given addresses."""

    async def address(self, path: ArtifactPath, size: int, sha256: str) -> str | None:
        """Where just these bytes can be written; None: they come through us.

        Raises ProblemError where the attempt is sealed, and QuotaError.
        """
        if path.file == RESULT_FILE:
            return None
        async with self._lock(path.prefix):
            await self._check(path, sha256)
            files = self._given.get(str(path.prefix), {})
            if path.file not in files and len(files) >= FILES_MAX:
                return None
            address = await self._store.presign_put(path.key, size, sha256)
            if address is not None:
                await self._space.take_addressed(
                    path.prefix.namespace, f"{path.key}@{sha256}", size
                )
                self._remember(path, sha256)
            return address

    async def write(
        self, path: ArtifactPath, chunks: AsyncIterator[bytes], size: int, sha256: str
    ) -> Received:
        """Keep a file; raises ProblemError where the attempt is sealed, and StoreError."""
        checked(path.key)
        await self._check(path, sha256)
        received = await self._store.receive(chunks, size, sha256)
        try:
            async with self._lock(path.prefix):
                if await self._check(path, sha256):
                    await self._store.drop(received)
                    return received
                if path.file == RESULT_FILE:
                    await self._check_complete(path.prefix)
                await self._store.keep(received, path.key)
        except BaseException:
            await self._store.drop(received)
            raise
        return received

    def _lock(self, prefix: ArtifactPrefix) -> asyncio.Lock:
        return self._locks.setdefault(str(prefix), asyncio.Lock())

    async def _check(self, path: ArtifactPath, sha256: str) -> bool:
        """Raise unless the file may be written; true where it is the very seal that is there."""
        seal = f"{path.prefix}/{RESULT_FILE}"
        if await self._store.stat(seal) is not None:
            if path.file == RESULT_FILE and await stored_digest(self._store, seal) == sha256:
                return True
            raise ProblemError(
                HTTPStatus.CONFLICT,
                f"this attempt has written its {RESULT_FILE}: its artifacts are final",
                "a new attempt has a prefix of its own",
            )
        if await self._is_in_use(path, sha256):
            raise ProblemError(
                HTTPStatus.CONFLICT,
                f"an address was given for {path.file!r} with other bytes",
                "write what has changed under another name",
            )
        return False

    async def _is_in_use(self, path: ArtifactPath, sha256: str) -> bool:
        """Whether an address for other bytes may still be used, or has to be."""
        files = self._given.get(str(path.prefix), {})
        given = files.get(path.file)
        if given is None or given.sha256 == sha256:
            return False
        if self._clock() < given.until or await self._store.stat(path.key) is None:
            return True
        files.pop(path.file, None)
        return False

    async def _check_complete(self, prefix: ArtifactPrefix) -> None:
        given = self._given.get(str(prefix), {})
        stored = await self._store.files(str(prefix)) if given else []
        there = {entry.path for entry in stored}
        for file in given:
            if file not in there:
                raise ProblemError(
                    HTTPStatus.CONFLICT,
                    f"an address was given for {file!r}, which has not come",
                    f"write it before {RESULT_FILE}",
                )
        self._given.pop(str(prefix), None)

    def _remember(self, path: ArtifactPath, sha256: str) -> None:
        attempt = str(path.prefix)
        files = self._given.pop(attempt, {})
        while len(self._given) >= ATTEMPTS_MAX:
            del self._given[next(iter(self._given))]
        files[path.file] = _Given(sha256, self._clock() + ADDRESS_SECONDS)
        self._given[attempt] = files
