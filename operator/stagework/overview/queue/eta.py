"""When a queue will be empty: the formula of the old board, and a range beside it.

`minutes = pending / (done_1h - inflow_1h) * 60`, and none where the inflow is not outrun. It is
right on average and noisy, so beside it a range from the shortest of 1, 3, 6, 12, 24 hours in which
the net rate is three standard errors: p50 = pending / net, p90 = the smallest t with
`net t - 1.28 sqrt(v (t + t t / w)) >= pending`. Its worth is measured in `tests/bench`
(`estimates`). None is given where arrivals come in lots, for lucky hours would answer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance
from typing import Final, Literal

from stagework.api.estimates import Eta

WINDOWS: Final = (1, 3, 6, 12, 24)
"""Hours that are tried, the shortest first."""
SURE: Final = 3.0
"""The net rate must be so many times its own standard error."""
TENTH: Final = 1.2816
"""The normal distribution has a tenth above so many standard deviations."""
MOST_BURST: Final = 10.0
"""Variance over mean of hourly inflow beyond which no range is honest."""
FAST: Final = 300.0
"""Done in an hour: below that, an inflow of nine tenths hides the net rate."""
HEAVY: Final = 0.85
"""Share of the inflow in what is done, from which a slow queue gets no range."""

NoEtaReason = Literal["", "InflowOutrunsOutput", "NoHistoryYet", "Unsteady"]


@dataclass(frozen=True, slots=True)
class QueueEta:
    """When a queue will be empty."""

    pending: int
    done_rate_1h: int
    inflow_rate_1h: int
    eta_minutes: float | None
    """None where the inflow is not outrun; 0 where nothing waits."""
    range: Eta | None
    """None where nothing honest can be said."""
    why_none: NoEtaReason
    """Why there are no minutes, or no range."""
    hours: int
    """The range is from so many hours; 0 without one."""


def eta_minutes(pending: int, done_1h: int, inflow_1h: int) -> float | None:
    """The old board's formula."""
    if pending == 0:
        return 0.0
    net = done_1h - inflow_1h
    return pending / net * 60 if net > 0 else None


@dataclass(frozen=True, slots=True)
class Flow:
    """What came into a queue and what went out of it."""

    done_1h: int = 0
    inflow_1h: int = 0
    done_today: int = 0
    done: tuple[int, ...] = ()
    """By hour of the clock, the oldest first; the last hour has only begun."""
    inflow: tuple[int, ...] = ()
    elapsed: float = 1.0
    """Share of that last hour that is over."""

    def within(self, hours: int) -> tuple[int, int, float]:
        """Done, inflow, and in how many hours: 60 minutes, or so many hours of the clock."""
        if hours == 1:
            return self.done_1h, self.inflow_1h, 1.0
        return sum(self.done[-hours:]), sum(self.inflow[-hours:]), hours - 1 + self.elapsed


def queue_eta(pending: int, flow: Flow) -> QueueEta:
    """Of a queue, from the last 60 minutes and from its hourly counts."""
    done, inflow = flow.done_1h, flow.inflow_1h
    minutes = eta_minutes(pending, done, inflow)
    if pending == 0:
        return QueueEta(0, done, inflow, minutes, Eta(0.0, 0.0), "", 0)
    if minutes is None:
        why: NoEtaReason = "InflowOutrunsOutput" if done or inflow else "NoHistoryYet"
        return QueueEta(pending, done, inflow, None, None, why, 0)
    span, hours = _range(pending, flow)
    return QueueEta(pending, done, inflow, minutes, span, "" if span else "Unsteady", hours)


def burstiness(inflow: Sequence[int]) -> float:
    """Variance over mean of hourly counts: 1 where they come by themselves, more in lots."""
    if len(inflow) < len(WINDOWS) or not any(inflow):
        return 1.0
    return max(1.0, variance(inflow) / fmean(inflow))


def _range(pending: int, flow: Flow) -> tuple[Eta | None, int]:
    burst = burstiness(flow.inflow[:-1])
    if burst > MOST_BURST or _is_heavy(flow):
        return None, 0
    for hours in WINDOWS:
        if hours > max(1, len(flow.done)):
            break
        done, inflow, length = flow.within(hours)
        late = drained_hours(pending, done, inflow, length, burst)
        if late is not None:
            middle = pending * length / (done - inflow)
            return Eta(middle * 3600, late * 3600), hours
    return None, 0


def _is_heavy(flow: Flow) -> bool:
    """Whether the inflow nearly outruns a slow queue, by all hours that are known.

    By the hours that are sure alone it would be the lucky ones that answer.
    """
    done, inflow, length = flow.within(max(1, len(flow.done)))
    return inflow > HEAVY * done and done / length < FAST


def drained_hours(pending: int, done: int, inflow: int, hours: float, burst: float) -> float | None:
    """Hours after which nine of ten such queues are empty; None where the net rate is not sure."""
    net, spread = (done - inflow) / hours, (done + burst * inflow) / hours
    if net <= SURE * math.sqrt(spread / hours):
        return None
    # t = (pending + z sqrt(v (t + t t / w))) / net is a quadratic equation in t.
    z2v = TENTH * TENTH * spread
    a = net * net - z2v / hours
    b = 2 * net * pending + z2v
    return (b + math.sqrt(b * b - 4 * a * pending * pending)) / (2 * a)
