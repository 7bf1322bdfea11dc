"""Alerts over a sink, each said once, by what a memory keeps.

First it is sent, then it is remembered: a process that ends in between says it again, which is
better than never. A memory that cannot be read counts as empty, for the same reason.
"""

import logging
from collections.abc import Callable
from typing import Final, Protocol, Self

import msgspec

from stagework.alerts.alerts import Message, Sending
from stagework.alerts.memory import Memory, MemoryUnavailable
from stagework.policies.alerting import Said, after_failing, after_once, after_well

MEMORY_NAME: Final = "alerts"
"""Under this name the memory keeps what was said."""

log = logging.getLogger(__name__)

_decoder = msgspec.json.Decoder(Said)


class Sink(Protocol):
    """Whoever brings a message to people."""

    async def send(self, message: Message) -> Sending:
        """SENT, FAILED or NOWHERE; never raises, and answers within a bounded time."""
        ...


class RememberedAlerts:
    """See Alerts."""

    def __init__(self, sink: Sink, memory: Memory) -> None:
        self._sink = sink
        self._memory = memory
        self._said: Said | None = None

    @classmethod
    async def from_memory(cls, sink: Sink, memory: Memory) -> Self:
        """With what was said before known for certain, for who speaks all the time: what counted as
        empty now would be said anew. Raises MemoryUnavailable.
        """
        alerts = cls(sink, memory)
        alerts._said = await _read(memory)
        return alerts

    async def open_keys(self) -> tuple[str, ...]:
        """See Alerts."""
        return (await self._known()).open

    async def failing(self, key: str, message: Message) -> Sending:
        """See Alerts."""
        return await self._say(after_failing, key, message)

    async def well(self, key: str, message: Message) -> Sending:
        """See Alerts."""
        return await self._say(after_well, key, message)

    async def once(self, key: str, message: Message) -> Sending:
        """See Alerts."""
        return await self._say(after_once, key, message)

    async def _say(
        self, change: Callable[[Said, str], Said | None], key: str, message: Message
    ) -> Sending:
        after = change(await self._known(), key)
        if after is None:
            return Sending.KNOWN
        sending = await self._sink.send(message)
        if sending is Sending.SENT:
            self._said = after
            await self._remember(after)
        return sending

    async def _known(self) -> Said:
        if self._said is None:
            self._said = await self._remembered()
        return self._said

    async def _remembered(self) -> Said:
        try:
            return await _read(self._memory)
        except MemoryUnavailable as error:
            log.warning("what was said before is not known: %s", error)
            return Said()

    async def _remember(self, said: Said) -> None:
        try:
            await self._memory.write(MEMORY_NAME, msgspec.json.encode(said))
        except MemoryUnavailable as error:
            log.warning("it will be said again, for it is not remembered: %s", error)


async def _read(memory: Memory) -> Said:
    raw = await memory.read(MEMORY_NAME)
    try:
        return _decoder.decode(raw) if raw else Said()
    except msgspec.DecodeError as error:
        log.warning("what was said before is not known: %s", error)
        return Said()
