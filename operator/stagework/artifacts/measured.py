"""Bytes counted and digested while they pass; the announced size and digest are held to."""

import hashlib
from collections.abc import AsyncIterator

from stagework.artifacts.errors import CutOffError, DigestError


class Measured:
    """Wraps a stream; `check` raises unless exactly the announced bytes have passed."""

    def __init__(self, chunks: AsyncIterator[bytes], size: int, sha256: str) -> None:
        self._chunks = chunks
        self._announced = size
        self._wanted = sha256
        self._digest = hashlib.sha256()
        self.size = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The same bytes, up to the announced size; one byte more raises CutOffError."""
        async for chunk in self._chunks:
            self.size += len(chunk)
            if self.size > self._announced:
                raise CutOffError(self.size, self._announced)
            self._digest.update(chunk)
            if chunk:
                yield chunk

    @property
    def sha256(self) -> str:
        """Digest of what has passed, in hex."""
        return self._digest.hexdigest()

    def check(self) -> None:
        """Raise CutOffError or DigestError unless all is as announced."""
        if self.size != self._announced:
            raise CutOffError(self.size, self._announced)
        if self._wanted and self._wanted != self.sha256:
            raise DigestError(self.sha256, self._wanted)
