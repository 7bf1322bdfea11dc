"""Stops the operator at one of its writes: before it is done, or before its answer arrives."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.support.fakeapi.faults import DROP, Seen, Verdict
from tests.support.fakeapi.resources import EVENTS
from tests.support.operators.world import World

Moment = Literal["before it is sent", "after it is committed"]


@dataclass
class CrashPoint:
    """Kills the world's operator at its write number `index` (from 1), and starts another.

    Lease renewals and Events do not count: they come by the clock, and decide nothing.
    """

    world: World
    index: int
    moment: Moment
    down_seconds: float
    """How long nobody is there; the cluster goes on meanwhile."""
    hit: str = ""
    """The write at which it happened; empty where there were not so many."""
    writes: list[str] = field(default_factory=list[str])
    sent: list[Seen] = field(default_factory=list[Seen])
    """The same writes, with what they say."""
    built: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the next operator is built of, see `Operator`."""
    _network: bool = True
    _task: asyncio.Task[None] | None = None

    def arm(self) -> None:
        """Begin to count."""
        self.world.faults.before.append(self._before)
        self.world.faults.after.append(self._after)

    @property
    def is_over(self) -> bool:
        """Whether it has happened, and the next operator has been started."""
        return self._task is not None and self._task.done()

    async def restarted(self) -> None:
        """Wait until the next operator has been started, if it came to that."""
        if self._task is not None:
            await self._task

    async def _before(self, seen: Seen) -> Verdict:
        if not self._network:
            return DROP
        return self._count(seen) if self.moment == "before it is sent" else None

    async def _after(self, seen: Seen) -> Verdict:
        if not self._network:
            return DROP
        return self._count(seen) if self.moment == "after it is committed" else None

    def _count(self, seen: Seen) -> Verdict:
        if not seen.is_write or seen.resource is EVENTS or seen.what == "PUT leases":
            return None
        self.writes.append(f"{seen.what} {seen.name}")
        self.sent.append(seen)
        if self.hit or len(self.writes) != self.index:
            return None
        self.hit = self.writes[-1]
        # From here on the dead one reaches nobody, whatever its tasks still try.
        self._network = False
        self._task = asyncio.create_task(self._die_and_return())
        return DROP

    async def _die_and_return(self) -> None:
        await self.world.operators[-1].kill()
        await asyncio.sleep(self.down_seconds)
        self.world.run_out_lease()
        self._network = True
        self.world.start_operator(**self.built)
