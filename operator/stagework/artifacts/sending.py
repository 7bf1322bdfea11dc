"""An upload that breaks, or is cancelled, leaves none of its parts in the store.

A store's client that drops an upload races with the parts that are under way, and one that is
cancelled does not even try: such parts stay, are paid for, and no listing shows them. So whatever
happens, the stream ends as if it were over; the upload is finished, and its caller deletes it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Literal

_GRACE_SECONDS: Final = 10.0
"""So long the store may take to finish what it has, once nobody waits for it any more."""


async def send(
    put: Callable[[AsyncIterator[bytes]], Awaitable[object]], chunks: AsyncIterator[bytes]
) -> None:
    """Wait for `put` of the bytes; raises what it raises, or what the stream does."""
    stream = _Stream(chunks)
    sending = asyncio.ensure_future(put(aiter(stream)))
    try:
        await asyncio.shield(sending)
    except asyncio.CancelledError:
        stream.stop.set()
        done, _ = await asyncio.wait([sending], timeout=_GRACE_SECONDS)
        for ended in done:
            ended.exception()  # it was asked for: nobody else will
        raise
    if stream.error is not None:
        raise stream.error


class _Stream:
    """The bytes of a stream until it breaks, or is of no use any more."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self.stop = asyncio.Event()
        self.error: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """What comes before that."""
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            while (chunk := await self._next(stopping)) is not None:
                yield chunk
        except Exception as error:  # noqa: BLE001 - whatever it is, `send` raises it
            self.error = error
        finally:
            stopping.cancel()

    async def _next(self, stopping: "asyncio.Future[Literal[True]]") -> bytes | None:
        next_chunk = asyncio.ensure_future(_next_chunk(self._chunks))
        await asyncio.wait([next_chunk, stopping], return_when=asyncio.FIRST_COMPLETED)
        if next_chunk.done():
            return next_chunk.result()
        next_chunk.cancel()
        return None


async def _next_chunk(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)
