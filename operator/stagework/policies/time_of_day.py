"""What time is it? Clocks of several machines are at hand, and any of them may be wrong by hours.

The operator's waits (timeouts, back-offs, deferrals, the time of a lost Pod) are stored as times
and outlive its process, so whoever leads next must go on by the same clock. In order of trust:

1. The last leader ran on this machine since it was booted: its clock goes on, to the millisecond.
2. Nobody has led before: our own clock. Nothing is stored yet that it could spoil.
3. Of our own clock and the API server's, neither of which can be earlier than the last renewal of
   the Lease (but for what good clocks differ by), the earlier one: a time that is too early lets a
   wait last longer, one that is too late ends all of them at once.
4. The last renewal, where both are earlier.

A renewal that is a day ahead of both is no time of ours, nor is one from before 1970, nor such a
clock of the last leader.

And what a node reports happened between what we did before and now, whatever its clock says; and
what a status has on record has happened by now, whoever wrote it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Where clocks begin that were never set."""
ABSURD: Final = timedelta(days=1)
"""A renewal so far ahead of all clocks was written by hand, or by a clock that was no use."""

ALIKE: Final = timedelta(seconds=10)
"""Good clocks differ by less, and the API server's is told in whole seconds."""


@dataclass(frozen=True, slots=True)
class LastLeader:
    """What the Lease says of the clock of whoever led last."""

    renewed: datetime
    """When it renewed the Lease last, by its own clock."""
    this_boot: datetime | None
    """What its clock says now; None where it ran on another machine, or before a reboot."""


def time_of_day(own: datetime, server: datetime | None, last: LastLeader | None) -> datetime:
    """The time to go on from; `own`: this machine's, `server`: the API server's, if known."""
    latest = own if server is None else max(own, server)
    if last is None or not _is_possible(last.renewed, latest):
        return own
    if last.this_boot is not None:
        return last.this_boot if _is_possible(last.this_boot, latest) else own
    earliest = last.renewed - ALIKE
    possible = [clock for clock in (own, server) if clock is not None and clock >= earliest]
    return max(last.renewed, min(possible, default=earliest))


def _is_possible(moment: datetime, latest: datetime) -> bool:
    return EPOCH < moment <= latest + ABSURD


def by_now(recorded: datetime | None, now: datetime) -> datetime | None:
    """A moment on record, which has come by now: one that is ahead was written by somebody else."""
    return recorded if recorded is None or recorded <= now else now


def clamped(reported: datetime, earliest: datetime | None, now: datetime) -> datetime:
    """A moment that a node reports, between `earliest` (ours, where known) and now."""
    if earliest is not None and reported < earliest:
        reported = earliest
    return min(reported, now)
