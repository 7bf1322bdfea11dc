"""The time by which the operator decides: it goes on steadily, whatever the machine's clock does.

The machine's clock is read once, then seconds since boot are counted. A clock that is set while
this process leads (by an hour, at the end of a wrong time zone, by a restored virtual machine)
would end every wait at once, or let it last an hour longer. It is followed so slowly that no wait
notices. From one leader to the next the time is handed over in the Lease.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from stagework.policies.time_of_day import LastLeader, time_of_day

FOLLOWED: Final = 0.002
"""Seconds a second by which the machine's clock is followed: an hour in three weeks."""
JUMP_SECONDS: Final = 60.0
"""Such a difference that comes at once is told."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Another one after each boot of this machine; empty where that is not to be had."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


class SteadyClock:
    """Call it for the time. `wall_clock`: the machine's; `boot`: seconds since it was booted."""

    def __init__(
        self,
        wall_clock: Callable[[], datetime],
        boot: Callable[[], float],
        *,
        machine: str = "",
        on_jump: Callable[[float], None] | None = None,
    ) -> None:
        """`machine`: its boot id. `on_jump`: told by how many seconds the machine's clock jumped.

        Until `resume` it starts with the machine's clock.
        """
        self._wall_clock = wall_clock
        self._boot = boot
        self._machine = machine
        self._on_jump = on_jump
        self._read_at = boot()
        self._booted = wall_clock().timestamp() - self._read_at
        self._known_gap = 0.0

    def __call__(self) -> datetime:
        """Now, in UTC."""
        seconds = self._boot()
        gap = self._wall_clock().timestamp() - (self._booted + seconds)
        if abs(gap - self._known_gap) > JUMP_SECONDS and self._on_jump is not None:
            self._on_jump(gap - self._known_gap)
        most = FOLLOWED * max(0.0, seconds - self._read_at)
        step = max(-most, min(most, gap))
        self._read_at = seconds
        self._booted += step
        self._known_gap = gap - step
        return datetime.fromtimestamp(self._booted + seconds, UTC)

    @property
    def boot_note(self) -> str:
        """For whoever leads next on this machine: boot id, and when that was, in Unix seconds."""
        return f"{self._machine} {self._booted:.3f}" if self._machine else ""

    def resume(self, renewed: datetime | None, boot_note: str, server: datetime | None) -> None:
        """Leadership begins: go on by the last leader's clock, as far as that is known.

        `renewed` and `boot_note` stand in its Lease; `server`: the API server's time.
        """
        seconds = self._boot()
        machine, _, booted = boot_note.partition(" ")
        last = None
        if renewed is not None:
            here = machine == self._machine and self._machine != ""
            last = LastLeader(renewed, _moment(booted, seconds) if here else None)
        own = self._wall_clock()
        now = time_of_day(own, server, last)
        self._read_at = seconds
        self._booted = now.timestamp() - seconds
        self._known_gap = own.timestamp() - now.timestamp()


def _moment(booted: str, seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(booted) + seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
