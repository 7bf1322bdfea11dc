"""Was last night normal? What each night has done, beside what the nights before it did.

A night lasts from 22 to 6 h by the board's clock, whatever that does meanwhile. The usual range is
that of eight in ten of the 14 nights before (p10 to p90); none where history knows fewer than five
of them. Nights before the first in which anything ended are not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import dropwhile
from statistics import quantiles
from typing import Final

BEGINS: Final = time(22)
ENDS: Final = time(6)
SHOWN: Final = 7
"""So many nights are shown."""
COMPARED: Final = 14
"""With so many before it each of them is compared."""
FEWEST: Final = 5
"""Of fewer nobody can say what is usual."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a night was, in UTC."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class NightCount:
    """What ended in a night."""

    span: Span
    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class Night:
    """One night, and what such nights usually do."""

    begin: datetime
    end: datetime
    done: int
    failed: int
    """For good, when it was counted."""
    usual_low: int | None
    """Of what was done; None where too few nights are known."""
    usual_high: int | None


def spans(now: datetime, zone: tzinfo) -> tuple[Span, ...]:
    """The nights that are over and are shown or compared with, the oldest first."""
    today = now.astimezone(zone).date()
    ends = [today - timedelta(days=back) for back in reversed(range(SHOWN + COMPARED + 1))]
    nights = [
        Span(
            datetime.combine(day - timedelta(days=1), BEGINS, zone).astimezone(UTC),
            datetime.combine(day, ENDS, zone).astimezone(UTC),
        )
        for day in ends
    ]
    return tuple(night for night in nights if night.end <= now)[-(SHOWN + COMPARED) :]


def nights(counted: Sequence[NightCount]) -> tuple[Night, ...]:
    """Those that are shown, the oldest first; `counted`: all spans, the oldest first."""
    known = list(dropwhile(lambda night: not (night.done or night.failed), counted))
    first = max(0, len(known) - SHOWN)
    return tuple(
        _night(night, known[max(0, place - COMPARED) : place])
        for place, night in enumerate(known[first:], first)
    )


def _night(night: NightCount, before: Sequence[NightCount]) -> Night:
    low = high = None
    if len(before) >= FEWEST:
        tenths = quantiles([one.done for one in before], n=10, method="inclusive")
        low, high = round(tenths[0]), round(tenths[-1])
    return Night(night.span.begin, night.span.end, night.done, night.failed, low, high)
