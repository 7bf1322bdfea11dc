"""When a stage that waits in a queue will start: its queue is played out many times.

Behind k others on c slots: durations are drawn from the last ones, each holder's rest given how
long it has held, the k in order; then those who overtake meanwhile (priority, turns of other
namespaces), at the last hour's rate, and again for the time that they add. Nothing is said of a
queue whose overtakers fill nearly all slots, where a holder is away, or without ten durations. What
it is worth: `tests/bench` (`estimates`).
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from stagework.api.estimates import Draws, Eta, eta_of, one_of
from stagework.overview.queue.run_eta import NoEta

REPLICATES: Final = 200
FEWEST_DURATIONS: Final = 10
FULL: Final = 0.95
"""Share of the slots that overtakers may fill at most."""
MOST_PLAYED: Final = 150
"""So many are drawn one by one; the sum of more is as good as normal, and costs no more."""
_MOST_ROUNDS: Final = 60
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class QueueAhead:
    """What is before a stage in its queue."""

    ahead: int
    """So many come first."""
    held_seconds: tuple[float, ...]
    """For how long each slot is held already; as many as there are slots, a free one 0 or less."""
    durations: tuple[float, ...]
    """What the last ones on that class took."""
    overtakers_1h: int
    """So many that came later were started earlier, in the last hour."""
    holder_away: bool = False


def expected_start(queue: QueueAhead, draws: Draws) -> Eta | NoEta:
    """Seconds until its turn comes."""
    slots, durations = len(queue.held_seconds), queue.durations
    if queue.holder_away or not slots:
        return NoEta("MachineAway")
    if len(durations) < FEWEST_DURATIONS:
        return NoEta("NoHistoryYet")
    mean = fmean(durations)
    if queue.overtakers_1h / _HOUR * mean / slots >= FULL:
        return NoEta("Overtaken")
    return eta_of([_played(queue, mean, draws) for _ in range(REPLICATES)])


def _played(queue: QueueAhead, mean: float, draws: Draws) -> float:
    """One way in which it could go."""
    pool = [one_of(queue.durations, draws) for _ in queue.durations]
    slots = len(queue.held_seconds)
    one_by_one = min(queue.ahead, MOST_PLAYED)
    earlier = _sum_of(queue.ahead - one_by_one, pool, draws) / slots
    free = [earlier + _rest(held, pool, draws) for held in queue.held_seconds]
    heapq.heapify(free)
    for _ in range(one_by_one):
        heapq.heapreplace(free, free[0] + one_of(pool, draws))
    start = free[0]
    if not queue.overtakers_1h:
        return start
    # The rate is not known better than from so many: Gamma.
    rate = min(_seen(queue.overtakers_1h, draws) / _HOUR, 0.97 * slots / mean)
    added = start
    for _ in range(_MOST_ROUNDS):
        count = _arrivals(rate * added, draws)
        if not count:
            break
        added = _sum_of(count, queue.durations, draws) / slots
        start += added
    return start


def _rest(held: float, pool: Sequence[float], draws: Draws) -> float:
    """What is left of one that has lasted so long; of a free slot nothing."""
    if held <= 0:
        return 0.0
    longer = [seconds for seconds in pool if seconds > held]
    return one_of(longer, draws) - held if longer else draws.expovariate(1 / (0.5 * held))


def _sum_of(count: int, durations: Sequence[float], draws: Draws) -> float:
    """What so many take, one after the other."""
    if count <= MOST_PLAYED:
        return sum(one_of(durations, draws) for _ in range(count))
    mean = fmean(durations)
    variance = max(0.0, fmean(seconds * seconds for seconds in durations) - mean * mean)
    return max(0.0, draws.gauss(count * mean, math.sqrt(count * variance)))


def _seen(count: int, draws: Draws) -> float:
    """How many come in an hour of which so many were seen, as likely: a sum of exponentials."""
    if count <= MOST_PLAYED:
        return sum(draws.expovariate(1.0) for _ in range(count))
    return draws.gammavariate(count, 1.0)


def _arrivals(mean: float, draws: Draws) -> int:
    """How many come where so many are expected (Poisson)."""
    if mean > MOST_PLAYED:
        return max(0, round(draws.gauss(mean, math.sqrt(mean))))
    count, passed = 0, draws.expovariate(1.0)
    while passed < mean:
        count += 1
        passed += draws.expovariate(1.0)
    return count
