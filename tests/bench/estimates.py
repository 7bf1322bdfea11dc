"""What the estimates of the queue are worth, by simulation: the product's own functions are asked.

``python -m tests.bench estimates [--worlds N]``. Each table plays worlds whose true ends are known
(fixed seeds, so that the same commit prints the same figures) and asks `overview/queue` what it
would have said. An honest p90 holds the true end in nine of ten worlds, an honest p50 in half.
"""

import argparse
import heapq
import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from stagework.api.estimates import Eta
from stagework.overview.queue.eta import Flow, queue_eta
from stagework.overview.queue.expected_start import QueueAhead, expected_start
from stagework.overview.queue.hours import BUCKETS
from stagework.overview.queue.run_eta import RUNS_KEPT, RunSoFar, run_eta
from tests.bench.machine import describe
from tests.bench.tables import table

HOUR = 3600.0
HOURS_WAITING = 4
"""A queue begins with work for so many hours."""
STAGE_SECONDS = (20.0, 8.0, 3.0, 5.0, 10.0, 8.0, 4.0, 4.0, 2.0)
"""Means of a nine-stage run."""
MEAN_SECONDS, SPREAD = 60.0, 0.8
"""Of stages on a class, for expected starts (lognormal)."""


@dataclass
class Coverage:
    """What was said against what was true."""

    asked: int = 0
    below_p50: list[bool] = field(default_factory=list[bool])
    below_p90: list[bool] = field(default_factory=list[bool])
    errors: list[float] = field(default_factory=list[float])

    def add(self, said: object, true: float) -> None:
        """One world; `said` is no Eta where nothing could be said."""
        self.asked += 1
        if isinstance(said, Eta):
            self.below_p50.append(true <= said.p50_seconds)
            self.below_p90.append(true <= said.p90_seconds)
            self.errors.append(abs(said.p50_seconds / true - 1) if true else 0.0)

    def cells(self) -> tuple[str, ...]:
        """Said in so many of the worlds, end <= p50, end <= p90, median error of p50."""
        if not self.errors:
            return ("0 %", "-", "-", "-")
        return (
            f"{100 * len(self.errors) / self.asked:.0f} %",
            f"{fmean(self.below_p50):.2f}",
            f"{fmean(self.below_p90):.2f}",
            f"{100 * median(self.errors):.0f} %",
        )


def poisson(mean: float, rng: random.Random) -> int:
    """How many come where so many are expected."""
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    count, passed = 0, rng.expovariate(1.0)
    while passed < mean:
        count += 1
        passed += rng.expovariate(1.0)
    return count


def lognormal(mean: float, spread: float, rng: random.Random) -> float:
    """With that mean."""
    return rng.lognormvariate(math.log(mean) - spread * spread / 2, spread)


# --- queues ---------------------------------------------------------------------------------------


def queue_rows(worlds: int) -> Iterator[tuple[str, ...]]:
    """A row for each speed, inflow and size of lots."""
    for done in (20, 60, 300):
        for load, lot in ((0.0, 1), (0.5, 1), (0.8, 1), (0.9, 1), (0.8, 20)):
            rng = random.Random(f"queue {done} {load} {lot}")  # noqa: S311
            spans, ratios, none = Coverage(), list[float](), 0
            for _ in range(worlds):
                flow, pending, true = _queue_world(done, load, lot, rng)
                said = queue_eta(pending, flow)
                spans.add(said.range, true)
                if said.eta_minutes is None:
                    none += 1
                else:
                    ratios.append(said.eta_minutes * 60 / true)
            tenths = sorted(ratios)
            low, high = tenths[len(tenths) // 10], tenths[-1 - len(tenths) // 10]
            formula = f"{low:.2f} to {high:.2f}, none {100 * none / worlds:.0f} %"
            yield (f"{done}", f"{100 * load:.0f} %", f"{lot}", formula, *spans.cells())


def _queue_world(done: int, load: float, lot: int, rng: random.Random) -> tuple[Flow, int, float]:
    """What was seen of the last day, what waits, and the seconds until nothing does."""
    came = [poisson(load * done / lot, rng) * lot for _ in range(BUCKETS)]
    went = [poisson(done, rng) for _ in range(BUCKETS)]
    flow = Flow(went[-1], came[-1], 0, tuple(went), tuple(came))
    pending = left = HOURS_WAITING * done
    hours, step = 0.0, 1 / 30
    while left > 0 and hours < 500:
        left += poisson(load * done * step / lot, rng) * lot - poisson(done * step, rng)
        hours += step
    return flow, pending, hours * HOUR


# --- runs -----------------------------------------------------------------------------------------


def run_rows(worlds: int) -> Iterator[tuple[str, ...]]:
    """A row for each spread of sizes and number of stages that have ended."""
    names = [f"s{place}" for place in range(len(STAGE_SECONDS))]
    for spread in (0.0, 0.6, 1.0):
        for ended in (0, 3, 6):
            rng = random.Random(f"run {spread} {ended}")  # noqa: S311
            coverage = Coverage()
            for _ in range(worlds):
                past = [dict(zip(names, _run(spread, rng), strict=True)) for _ in range(RUNS_KEPT)]
                own = dict(zip(names, _run(spread, rng), strict=True))
                left = names[ended:]
                above = {name: tuple(left[max(0, n - 1) : n]) for n, name in enumerate(left)}
                so_far = RunSoFar({name: own[name] for name in names[:ended]}, {}, above)
                coverage.add(run_eta(past, so_far), sum(own[name] for name in left))
            yield (f"{spread}", f"{ended} of {len(names)}", *coverage.cells())


def _run(spread: float, rng: random.Random) -> Sequence[float]:
    size = rng.lognormvariate(0, spread) if spread else 1.0
    return [seconds * size * rng.lognormvariate(0, 0.3) for seconds in STAGE_SECONDS]


# --- starts ---------------------------------------------------------------------------------------


def start_rows(worlds: int) -> Iterator[tuple[str, ...]]:
    """A row for each number of slots, of stages before it, and share of those who overtake."""
    for slots in (1, 4):
        for ahead in (0, 5, 30):
            for share in (0.0, 0.3, 0.7):
                rng = random.Random(f"start {slots} {ahead} {share}")  # noqa: S311
                coverage = Coverage()
                for _ in range(worlds):
                    queue, true = _start_world(slots, ahead, share, rng)
                    coverage.add(expected_start(queue, rng), true)
                yield (f"{slots}", f"{ahead}", f"{100 * share:.0f} %", *coverage.cells())


def _start_world(
    slots: int, ahead: int, share: float, rng: random.Random
) -> tuple[QueueAhead, float]:
    """What is known of a queue, and the seconds until the one that waits starts."""
    rate = share * slots / MEAN_SECONDS
    held, free = list[float](), list[float]()
    for _ in range(slots):
        # Whoever looks now meets long ones more often.
        pool = [_stage(rng) for _ in range(12)]
        length = rng.choices(pool, weights=pool)[0]
        passed = rng.random()
        held.append(length * passed)
        free.append(length * (1 - passed))
    queue = QueueAhead(
        ahead=ahead,
        held_seconds=tuple(held),
        durations=tuple(_stage(rng) for _ in range(50)),
        overtakers_1h=poisson(rate * HOUR, rng),
    )
    heapq.heapify(free)
    waiting, comes = ahead, rng.expovariate(rate) if rate else math.inf
    while True:
        now = free[0]
        while comes <= now:
            waiting, comes = waiting + 1, comes + rng.expovariate(rate)
        if not waiting or now > 1e6:
            return queue, now
        waiting -= 1
        heapq.heapreplace(free, now + _stage(rng))


def _stage(rng: random.Random) -> float:
    return lognormal(MEAN_SECONDS, SPREAD, rng)


SAID = ("said", "<= p50", "<= p90", "error of p50")


def main() -> None:
    """Play, print."""
    parser = argparse.ArgumentParser(prog="bench estimates", description=__doc__)
    parser.add_argument("--worlds", type=int, default=400, help="worlds a row")
    worlds = parser.parse_args().worlds
    queues = ("done/h", "inflow", "lots of", "old formula / true, p10 to p90", *SAID)
    parts = [
        *describe(),
        f"{worlds} worlds a row, fixed seeds",
        "",
        f"queues of {HOURS_WAITING} h of work: when are they empty?",
        table(queues, list(queue_rows(worlds))),
        "",
        f"runs of nine stages, {RUNS_KEPT} past runs: how long do they still work?",
        table(("spread of sizes", "stages ended", *SAID), list(run_rows(worlds))),
        "",
        "waiting stages: when do they start?",
        table(("slots", "before it", "overtakers", *SAID), list(start_rows(worlds))),
        "",
    ]
    sys.stdout.write("\n".join(parts))


if __name__ == "__main__":
    main()
