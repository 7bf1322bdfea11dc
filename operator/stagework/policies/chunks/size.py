"""How large is the next chunk, and why so?

1. `chunkSize` is what a person wants: no more is asked.
2. Nothing is known of the class: a pilot of 25.
3. The larger of what lasts the target and of what keeps the fixed cost within 5 % of a chunk: a
   target below the fixed cost would make chunks of one item. Without a history at most eight times
   the largest that has ended.
4. It must end within half the smallest timeout of a stage, and is not below `min` or above `max`.
5. Near the end chunks shrink, so that all slots end together: what is left, by the class's share of
   the speed of all live slots, over 1.5 (guided self-scheduling), but no smaller than works twice
   its fixed cost, unless slots would stay idle for it. Where idle slots can take all that is left
   in one round, of chunks less than twice that, they do: a second round costs more. And no crumbs
   are left that would work less than their fixed cost.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from stagework.policies.chunks.fit import Fit

SizeReason = Literal["Target", "Amortised", "Tail", "Pilot", "Limit"]

FIXED_SHARE: Final = 0.05
"""Most of a chunk's time that may be its fixed cost."""
TAIL: Final = 1.5
"""One chunk for each slot takes one part in so many of what is left."""
FLOOR: Final = 2.0
"""In the tail a chunk works at least so many times its fixed cost."""
PILOT: Final = 25
GROWTH: Final = 8
TIMEOUT_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Chunking:
    """How chunks may size themselves."""

    target_seconds: float = 300.0
    min_items: int = 1
    max_items: int = 1000

    def within(self, items: float) -> int:
        """So many, within the limits."""
        return int(min(max(items, self.min_items), self.max_items))


@dataclass(frozen=True, slots=True)
class Size:
    """Items of a chunk."""

    items: int
    reason: SizeReason
    """`Target`: it lasts about the target. `Amortised`: its fixed cost is 5 % of it. `Tail`: the
    end is near. `Pilot`: too little is known yet. `Limit`: `chunkSize`, `min`, `max` or a timeout.
    """


@dataclass(frozen=True, slots=True)
class Sizing:
    """How chunks of one class are taken from what is left."""

    wish: Size
    """While much is left."""
    floor: int
    """In the tail, where no slot stays idle for it."""
    share: float
    """Of what is left one chunk takes no more; 1: no tail."""

    def items(self, rest: int, idle: int = 1) -> int:
        """Of the next chunk; `rest`: in no chunk yet, `idle`: slots that wait for one."""
        evenly = math.ceil(rest / max(idle, 1))
        one_round = idle > 1 and evenly < 2 * self.floor
        least = evenly if one_round else min(self.floor, evenly)
        items = max(1, min(self.wish.items, max(math.ceil(rest * self.share), least), rest))
        crumbs = idle <= 1 and rest - items < self.floor / 2
        return rest if crumbs and rest <= self.wish.items else items


def chunk_size(
    chunking: int | Chunking,
    fits: Mapping[str, Fit | None],
    machine: str,
    *,
    rest: int,
    live: Sequence[str],
    idle: int,
    timeout: float | None,
) -> Size:
    """Of the next chunk for a slot of class `machine`; at most `rest`, which is above 0.

    `live`: the class of each slot that the batch has now; `timeout`: the smallest of its stages.
    """
    sizing = sizing_of(chunking, fits, machine, live=live, timeout=timeout)
    items = sizing.items(rest, idle)
    return sizing.wish if items == sizing.wish.items else Size(items, "Tail")


def sizing_of(
    chunking: int | Chunking,
    fits: Mapping[str, Fit | None],
    machine: str,
    *,
    live: Sequence[str],
    timeout: float | None,
) -> Sizing:
    """The same for any rest, for as long as nothing more is known."""
    if isinstance(chunking, int):
        return Sizing(Size(chunking, "Limit"), 1, 1.0)
    fitted = fits.get(machine)
    speeds = [1 / _item_seconds(fits, slot, machine) for slot in live]
    own = 1 / _item_seconds(fits, machine, machine)
    share = own / (sum(speeds) or own) / TAIL
    if fitted is None:
        return Sizing(_limited(chunking, Size(PILOT, "Pilot")), 1, share)
    floor = chunking.within(math.ceil(FLOOR * fitted.fixed_seconds / fitted.item_seconds))
    return Sizing(_limited(chunking, _wished(chunking, fitted, timeout)), floor, share)


def _wished(chunking: Chunking, fitted: Fit, timeout: float | None) -> Size:
    """By what a chunk costs; not within the limits yet."""
    fixed, item = fitted.fixed_seconds, fitted.item_seconds
    target = math.floor((chunking.target_seconds - fixed) / item)
    amortised = math.ceil(fixed * (1 - FIXED_SHARE) / (FIXED_SHARE * item))
    wish = Size(target, "Target") if target >= amortised else Size(amortised, "Amortised")
    grown = GROWTH * max(fitted.largest, 1)
    if fitted.history is None and grown < wish.items:
        wish = Size(grown, "Pilot")
    if timeout is not None:
        ends = max(1, math.floor((TIMEOUT_SHARE * timeout - fixed) / item))
        if ends < wish.items:
            wish = Size(ends, "Limit")
    return wish


def _limited(chunking: Chunking, wish: Size) -> Size:
    items = max(1, chunking.within(wish.items))
    return wish if items == wish.items else Size(items, "Limit")


def _item_seconds(fits: Mapping[str, Fit | None], machine: str, instead: str) -> float:
    """Of a class; one that nothing is known of is taken to be as fast as `instead`."""
    fitted = fits.get(machine) or fits.get(instead)
    return fitted.item_seconds if fitted else 1.0
