"""When will a batch have ended? It is played out 200 times from what its chunks have cost.

1. What a chunk costs is drawn anew for each replicate (`drawn_times`).
2. A chunk that runs takes what such a chunk may take, given that it has lasted as long as it has;
   where that cannot be, its age and an exponential of a quarter of the larger of age and fit.
3. Chunks that wait for a retry, then the rest in the sizes of `size`, each on the slot that is free
   first; of more than 150 chunks to come the first part is spread evenly.
4. A chunk of n items fails with `1 - exp(-q n)`, `q ~ Gamma(failures + 0.3) / (done + 1)`: then
   half of it to all of it comes again, and its fixed cost, log2 n + 1 times that where items were
   found to be bad.
5. The batch ends with its last slot. That is spread about its median by `sqrt((K + 2) / (K - 1))`
   for the K chunks it comes from, then by `0.10 sqrt(1 + 4 slots / ended chunks)`: what no model
   knows, and more early, when only the short chunks have ended.

It holds with the slots of now: a machine that leaves later cannot be foreseen.
"""

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from stagework.api.estimates import Draws, Eta, eta_of, one_of
from stagework.policies.chunks.batch_view import BatchView, RunningChunk
from stagework.policies.chunks.drawn_times import DrawnTimes, drawn_times
from stagework.policies.chunks.fit import Fit
from stagework.policies.chunks.no_eta import NoEta, why_none
from stagework.policies.chunks.size import Sizing, sizing_of

REPLICATES: Final = 200
MOST_PLAYED: Final = 150
"""Chunks that are played out one by one."""
UNKNOWN: Final = 0.10
"""What no model knows, as a standard deviation of the logarithm."""
_HISTORY_CHUNKS: Final = 3
"""A history counts as so many chunks where the spread goes by their number."""
_DRAWN_RATIOS: Final = 50


def batch_eta(view: BatchView, draws: Draws) -> Eta | NoEta:
    """Seconds until it has ended; `draws`: seeded by the batch's uid and what is done of it."""
    if not (view.running or view.rest or view.retries):
        return Eta(0.0, 0.0)
    why = why_none(view)
    if why is not None:
        return NoEta(why)
    fits = {machine: fitted for machine in view.machines if (fitted := view.fits[machine])}
    play = _Play.of(view, fits, draws)
    ends = [play.end(number) for number in range(REPLICATES)]
    return eta_of(widened(view, fits, ends, draws))


def widened(
    view: BatchView, fits: Mapping[str, Fit], ends: Sequence[float], draws: Draws
) -> list[float]:
    """Spread by how few chunks it comes from, and by what no model knows."""
    used = [(fits[machine], view.slots.count(machine)) for machine in sorted({*view.slots})]
    count = min(len(fitted.chunks) + _HISTORY_CHUNKS * bool(fitted.history) for fitted, _ in used)
    wider = math.sqrt((count + 2) / max(count - 1, 1))
    ended = min(len(fitted.chunks) / slots for fitted, slots in used)
    unknown = UNKNOWN * math.sqrt(1 + 4 / max(ended, 0.5))
    middle = median(ends) or 1.0
    return [
        middle * (end / middle) ** wider * math.exp(unknown * draws.gauss(0.0, 1.0)) for end in ends
    ]


@dataclass(slots=True)
class _Play:
    """All that the replicates have in common."""

    view: BatchView
    times: Mapping[str, DrawnTimes]
    sizings: Mapping[str, Sizing]
    evenly: int
    """Items that are spread evenly."""
    sizes: dict[tuple[str, int], int]
    """By class and what is left: replicates meet the same again and again."""
    draws: Draws

    @classmethod
    def of(cls, view: BatchView, fits: Mapping[str, Fit], draws: Draws) -> "_Play":
        sizings = {
            machine: sizing_of(
                view.chunking, view.fits, machine, live=view.slots, timeout=view.timeout
            )
            for machine in fits
        }
        times = {machine: drawn_times(fits[machine], REPLICATES, draws) for machine in fits}
        typical = fmean(sizings[machine].wish.items for machine in view.slots)
        evenly = max(0, view.rest - round(MOST_PLAYED * typical))
        return cls(view, times, sizings, evenly, {}, draws)

    def end(self, number: int) -> float:
        """When the last slot is free, in that replicate."""
        failing, chance = self._failing(), self.draws.random
        free, last = self._busy(number, failing)
        for items in self.view.retries:
            begin, machine = free[0]
            heapq.heapreplace(free, (begin + self._drawn(machine, items, number), machine))
        rest = self.view.rest - self.evenly
        while rest > 0:
            begin, machine = free[0]
            items = self.sizes.get((machine, rest), 0)
            if not items:
                items = self.sizes[machine, rest] = self.sizings[machine].items(rest)
            # `_drawn`, in place: this line is where the time of an estimate goes.
            times = self.times[machine]
            seconds = (times.fixed[number] + times.item[number] * items) * times.ratios[
                int(chance() * len(times.ratios))
            ]
            if failing:
                seconds += self._again(machine, items, number, failing)
            heapq.heapreplace(free, (begin + seconds, machine))
            rest -= items
        return max(last, *(begin for begin, _ in free))

    def _failing(self) -> float:
        """Failures an item."""
        failures = self.view.failures.chunks
        if not failures:
            return 0.0
        return self.draws.gammavariate(failures + 0.3, 1.0) / (self.view.done + 1)

    def _busy(self, number: int, failing: float) -> tuple[list[tuple[float, str]], float]:
        """When each slot is free, as a heap, and the end of what runs beyond the slots of now."""
        first = self._spread_evenly(number) if self.evenly else 0.0
        idle = list(self.view.slots)
        free, last = list[tuple[float, str]](), 0.0
        for chunk in self.view.running:
            left = self._left(chunk, number)
            if failing:
                left += self._again(chunk.machine, chunk.items, number, failing)
            if chunk.machine in idle:
                idle.remove(chunk.machine)
                free.append((left + first, chunk.machine))
            else:
                last = max(last, left)
        free += [(first, machine) for machine in idle]
        heapq.heapify(free)
        return free, last

    def _left(self, chunk: RunningChunk, number: int) -> float:
        for _ in range(2):
            seconds = self._drawn(chunk.machine, chunk.items, number, cold=chunk.cold)
            if seconds > chunk.seconds:
                return seconds - chunk.seconds
        longest = max(chunk.seconds, self._mean(chunk.machine, chunk.items, number))
        return self.draws.expovariate(4.0) * longest

    def _spread_evenly(self, number: int) -> float:
        """Seconds that every slot works at the far part, its noise by the number of its chunks."""
        speed = chunks = 0.0
        for machine in self.view.slots:
            items = self.sizings[machine].wish.items
            speed += items / self._mean(machine, items, number)
            chunks += self.evenly / items / len(self.view.slots)
        ratios = self.times[self.view.slots[0]].ratios
        drawn = fmean(one_of(ratios, self.draws) for _ in range(_DRAWN_RATIOS))
        noise = (drawn - fmean(ratios)) * math.sqrt(_DRAWN_RATIOS / max(chunks, 1.0))
        return self.evenly / speed * (1 + self.view.failures.lost_share) * max(0.0, 1 + noise)

    def _mean(self, machine: str, items: int, number: int) -> float:
        times = self.times[machine]
        return times.fixed[number] + times.item[number] * items

    def _drawn(self, machine: str, items: int, number: int, *, cold: bool = False) -> float:
        times = self.times[machine]
        mean = times.fixed[number] + times.item[number] * items
        return mean * one_of(times.cold_ratios if cold else times.ratios, self.draws)

    def _again(self, machine: str, items: int, number: int, failing: float) -> float:
        """Seconds more where it fails: a part of it is lost, then its retries."""
        if self.draws.random() >= 1 - math.exp(-failing * items):
            return 0.0
        steps = math.log2(items) + 1 if self.view.failures.bad_items else 1.0
        lost = self._mean(machine, items, number) * (0.5 + 0.5 * self.draws.random())
        return lost + self.times[machine].fixed[number] * steps
