"""Batches played out with known costs: what the product's sizing and estimates make of them.

A `Shape` says what chunks and items cost in truth; `play` runs a batch of it on so many slots, asks
the product for every chunk's size and parts, and at some marks for the estimate of its end. All of
it with seeds: the same again each time.
"""

import heapq
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from stagework.api.estimates import Eta
from stagework.policies.chunks.batch_eta import batch_eta
from stagework.policies.chunks.batch_view import BatchView, Failures, RunningChunk
from stagework.policies.chunks.fit import Fit, History, fit
from stagework.policies.chunks.no_eta import NoEta
from stagework.policies.chunks.observed import ObservedChunk
from stagework.policies.chunks.size import Chunking, chunk_size
from stagework.policies.chunks.split_failed import ROUNDS, split_failed
from stagework.policies.chunks.stride import position

MARKS = (0.1, 0.25, 0.5, 0.75)
"""Shares of the items that have ended when the estimate is asked for."""


def chance(seed: object) -> random.Random:
    return random.Random(str(seed))  # noqa: S311


@dataclass(frozen=True)
class OnClass:
    """A class of machines: its share of the slots, what is fixed there, and how slow items are."""

    share: float
    fixed: float
    slow: float


@dataclass(frozen=True)
class Shape:
    """What work costs; seconds."""

    name: str
    fixed: float
    item: float
    kind: str = "lognormal"
    spread: float = 0.4
    classes: tuple[OnClass, ...] = ()
    pod_dies: float = 0.0
    """Share of the chunks whose Pod dies of no item's fault."""
    bad_items: float = 0.0
    """Share of the items that take their chunk's Pod down."""
    slower_from: tuple[float, float] = (1.0, 1.0)
    """From that share of the list on, so many times slower."""
    order: str = "random"
    """`random`; `sorted` by size and taken in a stride, or one after the other (`listed`)."""
    steady: bool = True
    """Costs stay as they are, and no tail is heavy."""

    def items(self, count: int, rng: random.Random) -> list[float]:
        """What items take, in the order in which they are taken."""
        seconds = [self._item(rng) for _ in range(count)]
        if self.order != "random":
            trend = [0.4 + 1.2 * place / max(1, count - 1) for place in range(count)]
            taken = trend
            if self.order == "sorted":
                taken = [trend[position(turn, count)] for turn in range(count)]
            seconds = [one * times for one, times in zip(seconds, taken, strict=True)]
        begin, times = self.slower_from
        return [one * (times if n >= begin * count else 1.0) for n, one in enumerate(seconds)]

    def _item(self, rng: random.Random) -> float:
        if self.kind == "pareto":
            least = self.item * (self.spread - 1) / self.spread
            return min(least * rng.paretovariate(self.spread), 600.0)
        if self.kind == "two":
            return 7 * self.item if rng.random() < 0.1 else self.item / 3
        return self.item * rng.lognormvariate(-(self.spread**2) / 2, self.spread)

    def on_slots(self, slots: int) -> list[OnClass]:
        """The class of each slot."""
        if not self.classes:
            return [OnClass(1.0, self.fixed, 1.0)] * slots
        row = [one for one in self.classes for _ in range(round(one.share * slots))]
        return (row + [self.classes[0]] * slots)[:slots]


LIGHT = Shape("light: 3, 0.05", 3, 0.05)
MODEL = Shape("model load: 30, 1", 30, 1, spread=0.5)
SLOW = Shape("slow items: 5, 20", 5, 20, spread=0.5)
STEADY = (
    LIGHT,
    MODEL,
    Shape("heavy load: 120, 0.5", 120, 0.5),
    SLOW,
    Shape("two kinds: 10, 2", 10, 2, kind="two"),
    Shape("sorted, in a stride: 15, 2", 15, 2, order="sorted"),
    Shape("Pods die, 3 %: 15, 2", 15, 2, pod_dies=0.03),
    Shape("two classes, 1:4", 0, 1, classes=(OnClass(0.5, 30, 1), OnClass(0.5, 8, 4))),
)
LOGNORMAL = Shape("lognormal 1: 15, 2", 15, 2, spread=1.0, steady=False)
PARETO = Shape("Pareto 1.5: 15, 2", 15, 2, kind="pareto", spread=1.5, steady=False)
POISON = Shape("bad items, 0.2 %: 15, 2", 15, 2, bad_items=0.002, steady=False)
LISTED = Shape("sorted, as listed: 15, 2", 15, 2, order="listed", steady=False)
SLOWS = Shape("slows x 2 at half: 15, 2", 15, 2, slower_from=(0.5, 2.0), steady=False)
HARD = (LOGNORMAL, PARETO, POISON, LISTED, SLOWS)
"""Heavy tails and drift: their estimates are honest only once earlier batches correct them."""
SHAPES = (*STEADY, *HARD)


def known(shape: Shape, seed: object, *, off: float = 0.2) -> dict[str, History]:
    """What earlier batches would have left, both numbers wrong by about a fifth."""
    rng = chance(f"history {shape.name} {seed}")
    return {
        _class_name(one): History(
            one.fixed * math.exp(off * rng.gauss(0, 1)),
            shape.item * one.slow * math.exp(off * rng.gauss(0, 1)),
        )
        for one in shape.on_slots(2)
    }


def _class_name(one: OnClass) -> str:
    return f"class {one.fixed} {one.slow}"


@dataclass(frozen=True)
class Said:
    """An estimate and what then was."""

    mark: float
    eta: Eta | NoEta
    true_seconds: float


@dataclass
class Played:
    """A batch that has ended."""

    seconds: float
    chunks: list[tuple[int, float]]
    """Items and seconds of each attempt."""
    failed: list[int]
    """Places of the items that failed."""
    said: list[Said]


@dataclass(frozen=True)
class _Chunk:
    first: int
    end: int
    retried: bool = False
    rounds_left: int = ROUNDS


@dataclass(frozen=True)
class _Attempt:
    chunk: _Chunk
    begin: float
    observed: ObservedChunk
    died_on: int | None
    """Place of the item; None: it ended well."""


@dataclass
class Batch:
    """One batch on its way."""

    shape: Shape
    items: Sequence[float]
    slots: list[OnClass]
    chunking: int | Chunking
    rng: random.Random
    history: Mapping[str, History]
    item_times: bool
    """Whether it is known when items ended."""
    bad: frozenset[int] = frozenset()
    ends: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    ended: dict[str, list[ObservedChunk]] = field(default_factory=dict[str, list[ObservedChunk]])
    fitted: dict[str, Fit | None] = field(default_factory=dict[str, Fit | None])
    running: dict[int, _Attempt] = field(default_factory=dict[int, _Attempt])
    retries: list[_Chunk] = field(default_factory=list[_Chunk])
    taken: int = 0
    done: int = 0
    now: float = 0.0
    failures: int = 0
    lost: float = 0.0
    used: float = 0.0
    known_nodes: set[int] = field(default_factory=set[int])
    failed: list[int] = field(default_factory=list[int])
    chunks: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])

    def __post_init__(self) -> None:
        count = len(self.items)
        self.bad = frozenset(n for n in range(count) if self.rng.random() < self.shape.bad_items)
        for one in self.slots:
            name = _class_name(one)
            self.ends[name] = [0.0, *accumulate(second * one.slow for second in self.items)]
            self.ended[name] = []

    @property
    def fits(self) -> dict[str, Fit | None]:
        """By what has ended; made only where somebody asks, for fixed chunks need none."""
        for name in self.ended.keys() - self.fitted.keys():
            self.fitted[name] = fit(self.ended[name], self.history.get(name))
        return self.fitted

    def start_all(self, queue: list[tuple[float, int]]) -> None:
        """A chunk for each idle slot, as long as there is one."""
        for slot in range(len(self.slots)):
            if slot in self.running:
                continue
            chunk = self._next(slot)
            if chunk is None:
                return
            attempt = self._attempt(slot, chunk)
            self.running[slot] = attempt
            heapq.heappush(queue, (self.now + attempt.observed.seconds, slot))

    def _next(self, slot: int) -> _Chunk | None:
        if self.retries:
            return self.retries.pop(0)
        rest = len(self.items) - self.taken
        if not rest:
            return None
        size = chunk_size(
            self.chunking,
            {} if isinstance(self.chunking, int) else self.fits,
            _class_name(self.slots[slot]),
            rest=rest,
            live=[_class_name(one) for one in self.slots],
            idle=len(self.slots) - len(self.running),
            timeout=None,
        )
        self.taken += size.items
        return _Chunk(self.taken - size.items, self.taken)

    def _attempt(self, slot: int, chunk: _Chunk) -> _Attempt:
        one = self.slots[slot]
        ends = self.ends[_class_name(one)]
        fixed = one.fixed * self.rng.lognormvariate(-0.02, 0.2)
        cold = slot not in self.known_nodes
        self.known_nodes.add(slot)
        died_on = next((n for n in range(chunk.first, chunk.end) if n in self.bad), None)
        if died_on is None and self.rng.random() < self.shape.pod_dies:
            died_on = self.rng.randrange(chunk.first, chunk.end)
        last = chunk.end if died_on is None else died_on + 1
        seconds = fixed + cold * one.fixed + ends[last] - ends[chunk.first]
        span = ends[last] - ends[chunk.first + 1] if self.item_times else None
        observed = ObservedChunk(chunk.end - chunk.first, seconds, span, cold)
        return _Attempt(chunk, self.now, observed, died_on)

    def finish(self, slot: int) -> None:
        """What runs there has ended now."""
        attempt = self.running.pop(slot)
        chunk, observed = attempt.chunk, attempt.observed
        self.chunks.append((observed.items, observed.seconds))
        if attempt.died_on is not None:
            self.failures += not chunk.retried
            self.lost += observed.seconds
            self._fail(chunk, attempt.died_on)
            return
        name = _class_name(self.slots[slot])
        self.ended[name].append(observed)
        self.fitted.pop(name, None)
        self.done += observed.items
        self.used += observed.seconds

    def _fail(self, chunk: _Chunk, died_on: int) -> None:
        """Again as a whole, then in parts, and at last the item has failed."""
        items = chunk.end - chunk.first
        if not chunk.retried:
            self.retries.append(_Chunk(chunk.first, chunk.end, retried=True))
        elif items == 1:
            self.failed.append(chunk.first)
            self.done += 1
        else:
            for part in split_failed(items, chunk.rounds_left, died_on - chunk.first):
                first, end = chunk.first + part.start, chunk.first + part.stop
                self.retries.append(_Chunk(first, end, True, max(1, chunk.rounds_left - 1)))

    def view(self) -> BatchView:
        """What the product sees of it."""
        return BatchView(
            chunking=self.chunking,
            fits=self.fits,
            slots=[_class_name(one) for one in self.slots],
            running=[
                RunningChunk(
                    _class_name(self.slots[slot]),
                    attempt.observed.items,
                    self.now - attempt.begin,
                    attempt.observed.cold,
                )
                for slot, attempt in self.running.items()
            ],
            rest=len(self.items) - self.taken,
            retries=[chunk.end - chunk.first for chunk in self.retries],
            done=self.done,
            failures=Failures(self.failures, bool(self.failed), self.lost / (self.used or 1.0)),
        )


def play(
    shape: Shape,
    count: int,
    slots: int,
    chunking: int | Chunking,
    seed: object,
    *,
    history: Mapping[str, History] | None = None,
    marks: Sequence[float] = (),
    item_times: bool = True,
    estimate: Callable[[BatchView, random.Random], Eta | NoEta] = batch_eta,
) -> Played:
    """Play a batch of so many items to its end."""
    items = shape.items(count, chance(f"items {shape.name} {seed}"))
    rng = chance(f"batch {shape.name} {seed}")
    on = shape.on_slots(slots)
    batch = Batch(shape, items, on, chunking, rng, history or {}, item_times)
    queue, asked = list[tuple[float, int]](), list[tuple[float, float, Eta | NoEta]]()
    left = list(marks)
    batch.start_all(queue)
    while queue:
        batch.now, slot = heapq.heappop(queue)
        batch.finish(slot)
        batch.start_all(queue)
        passed = [mark for mark in left if batch.done >= mark * count]
        if passed and batch.done < count:
            eta = estimate(batch.view(), chance(f"eta {shape.name} {seed} {passed[-1]}"))
            asked.append((passed[-1], batch.now, eta))
            left = left[len(passed) :]
    said = [Said(mark, eta, batch.now - at) for mark, at, eta in asked]
    return Played(batch.now, batch.chunks, batch.failed, said)


def ratios(said: Sequence[Said], mark: float) -> Iterator[float]:
    """True over said, of what was said at that mark."""
    for one in said:
        if one.mark == mark and isinstance(one.eta, Eta) and one.eta.p50_seconds > 0:
            yield one.true_seconds / one.eta.p50_seconds
