"""The time of a world of several processes: it stands still while any of them has work to do.

The seconds lie in a file that all processes map into their memory. Only the test's own loop moves
them on, a step at a time: while it has nothing to do itself, and while the kernel says that every
thread of the others sleeps. A thread that could run and has to wait for a busy machine stops the
time too. So a machine that computes for others makes a test last longer, and changes nothing else.

Each of the others writes down beside the seconds when its next timer is due, and is woken then.
"""

import asyncio
import mmap
import os
import selectors
import struct
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from stagework.controllers.clocks import Clocks

T = TypeVar("T")

STEP_SECONDS: Final = 0.05
"""So far is the time moved on at once, at most."""
REAL_STEP_SECONDS: Final = 0.001
"""So long, of the real time, nobody had anything to do before."""
SHORTEST_SECONDS: Final = 1e-6
"""Whoever asks for less gets this: what is added to a large number must change it."""
MEMBERS: Final = 8
"""Processes in a world, at most, besides the one that moves its time on."""
NEVER: Final = float("inf")
_HEAD: Final = struct.Struct("<ddd")
"""Seconds passed; what the monotonic and the Unix clock said when they began to."""
_DUE: Final = struct.Struct("<d")
"""When the next timer of a member is due, by the shared clock."""
_AT_WORK: Final = frozenset("RD")
"""States of a thread (proc(5)) that runs, could run, or waits for a disk."""


@dataclass(frozen=True)
class Place:
    """One process of a world, and how it is woken: by an eventfd that it has inherited."""

    number: int
    wake_fd: int

    @property
    def offset(self) -> int:
        return _HEAD.size + self.number * _DUE.size


class SharedTime:
    """Seconds since the world began, as everybody in it sees them."""

    def __init__(self, file: Path) -> None:
        """Take part in the time that lies in a file, see `create`."""
        self.file = file
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), 0)
        self.members = Members(self)

    @classmethod
    def create(cls, file: Path) -> "SharedTime":
        """Begin the time of a world."""
        head = _HEAD.pack(0.0, time.monotonic(), time.time())
        file.write_bytes(head + _DUE.pack(NEVER) * MEMBERS)
        return cls(file)

    def wall_clock(self) -> datetime:
        passed, _, epoch = self._read()
        return datetime.fromtimestamp(epoch, UTC) + timedelta(seconds=passed)

    def monotonic(self) -> float:
        passed, began, _ = self._read()
        return began + passed

    def clocks(self) -> Clocks:
        return Clocks(self.monotonic, self.monotonic, self.wall_clock)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop that moves the time on."""
        with asyncio.Runner(loop_factory=lambda: _Loop(self, _Leading(self))) as runner:
            return runner.run(main)

    def loop_of(self, place: Place) -> asyncio.AbstractEventLoop:
        """The event loop of another process of the same world."""
        return _Loop(self, _Following(self, place))

    def due(self, place: Place) -> float:
        """When a member's next timer is due."""
        return _DUE.unpack_from(self._memory, place.offset)[0]

    def expect(self, place: Place, when: float) -> None:
        """Write down when a member's next timer is due."""
        _DUE.pack_into(self._memory, place.offset, when)

    def move_on(self, seconds: float) -> None:
        """Let time pass, at least as much as a clock can show."""
        passed, began, epoch = self._read()
        _HEAD.pack_into(self._memory, 0, passed + max(seconds, SHORTEST_SECONDS), began, epoch)

    def _read(self) -> tuple[float, float, float]:
        return _HEAD.unpack_from(self._memory)


class Members:
    """The other processes of a world, as the one that moves its time on knows them."""

    def __init__(self, shared: SharedTime) -> None:
        self._shared = shared
        self._places: dict[int, Place] = {}

    def new_place(self) -> Place:
        """A place for one more process."""
        taken = {place.number for place in self._places.values()}
        number = next(number for number in range(MEMBERS) if number not in taken)
        place = Place(number, os.eventfd(0, os.EFD_NONBLOCK))
        self._shared.expect(place, NEVER)
        return place

    def join(self, pid: int, place: Place) -> None:
        """From now on time stands still while this process works."""
        self._places[pid] = place

    def leave(self, pid: int) -> None:
        """Its end."""
        if place := self._places.pop(pid, None):
            os.close(place.wake_fd)

    def anybody_works(self) -> bool:
        """Whether a thread of another process, or another one of this process, has work to do."""
        own = threading.get_native_id()
        return any(
            state in _AT_WORK
            for pid in (os.getpid(), *self._places)
            for thread, state in _threads(pid)
            if thread != own
        )

    def next_due(self) -> float:
        """When the first of their timers is due."""
        return min(map(self._shared.due, self._places.values()), default=NEVER)

    def wake(self) -> None:
        """Tell those whose timers are due, once."""
        now = self._shared.monotonic()
        for place in self._places.values():
            if self._shared.due(place) <= now:
                self._shared.expect(place, NEVER)
                os.eventfd_write(place.wake_fd, 1)


def _threads(pid: int) -> Iterator[tuple[int, str]]:
    """Number and state of each thread of a process; none where it has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for name in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - a thousand times a second
            with suppress(FileNotFoundError, ProcessLookupError):
                fd = os.open(f"/proc/{pid}/task/{name}/stat", os.O_RDONLY)
                try:
                    text = os.read(fd, 512)
                finally:
                    os.close(fd)
                yield int(name), text.rpartition(b") ")[2][:1].decode()


Ready = list[tuple[selectors.SelectorKey, int]]


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, shared: SharedTime, selector: selectors.BaseSelector) -> None:
        self._shared = shared
        super().__init__(selector)

    def time(self) -> float:
        return self._shared.monotonic()


class _Leading(selectors.DefaultSelector):
    """Moves the time on, up to the next timer of its own loop."""

    def __init__(self, shared: SharedTime) -> None:
        super().__init__()
        self._shared = shared

    def select(self, timeout: float | None = None) -> Ready:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        clock, members = self._shared.monotonic, self._shared.members
        until = NEVER if timeout is None else clock() + timeout
        while (now := clock()) < until:
            if ready := super().select(REAL_STEP_SECONDS):
                return ready
            if not members.anybody_works():
                self._shared.move_on(min(STEP_SECONDS, until - now, members.next_due() - now))
                members.wake()
        return []


class _Following(selectors.DefaultSelector):
    """Sleeps until it is woken: by what it waits for, or because a timer is due."""

    def __init__(self, shared: SharedTime, place: Place) -> None:
        super().__init__()
        self._shared = shared
        self._place = place
        self.register(place.wake_fd, selectors.EVENT_READ, self)

    def select(self, timeout: float | None = None) -> Ready:
        if timeout is not None and timeout <= 0:
            return self._heard(super().select(timeout))
        due = NEVER if timeout is None else self._shared.monotonic() + timeout
        self._shared.expect(self._place, due)
        ready = super().select(None)
        self._shared.expect(self._place, NEVER)
        return self._heard(ready)

    def _heard(self, ready: Ready) -> Ready:
        for key, _ in ready:
            if key.data is self:
                os.eventfd_read(self._place.wake_fd)
        return [pair for pair in ready if pair[0].data is not self]
