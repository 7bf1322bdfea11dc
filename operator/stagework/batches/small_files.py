"""Small files of the store: read whole, or written whole."""

import hashlib
from collections.abc import AsyncIterator

from stagework.artifacts.errors import NotStoredError
from stagework.artifacts.store import Store, put


async def read(store: Store, key: str, limit: int) -> bytes | None:
    """The bytes; None where there is no such file, or it is longer than it may be."""
    try:
        opened = await store.open(key)
    except NotStoredError:
        return None
    if opened.size > limit:
        return None
    try:
        return b"".join([chunk async for chunk in opened.chunks])
    except NotStoredError:
        return None


async def write(store: Store, key: str, content: bytes) -> None:
    """Whole, or not at all."""
    digest = hashlib.sha256(content).hexdigest()
    await put(store, key, _once(content), len(content), digest)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
