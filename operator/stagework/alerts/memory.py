"""What a program remembers over its restarts, as a Protocol: a few values under short names."""

from typing import Protocol


class MemoryUnavailable(Exception):  # noqa: N818 - a state of things that passes
    """It cannot be read or written now; the text says why."""


class Memory(Protocol):
    """Kept where a restart does not lose it; one program writes at a time."""

    async def read(self, name: str) -> bytes:
        """What was written last; empty where nothing was. Raises MemoryUnavailable."""
        ...

    async def write(self, name: str, value: bytes) -> None:
        """Once it returns it is kept. Raises MemoryUnavailable."""
        ...
