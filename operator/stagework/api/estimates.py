"""How long something still takes, as a range, and where chance comes from in an estimate."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Eta:
    """How long it still takes; seconds."""

    p50_seconds: float
    p90_seconds: float


@dataclass(frozen=True, slots=True)
class Share:
    """Of how many it held, and between what the true share is; 0 to 1."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EstimateError:
    """What was said of the ends of earlier batches against what was true."""

    percent: int
    """Of these batches so much was handled when it was said; 0: at their beginning."""
    batches: int
    """So many of them."""
    off: float
    """Median of |p50 / true - 1|."""
    p50_to_true: float
    """Median of p50 / true: below 1 it was said too early."""
    below_p50: Share
    """Those that had ended by p50; of honest ones half."""
    below_p90: Share
    """Those that had ended by p90; of honest ones nine of ten."""


class Draws(Protocol):
    """Where chance comes from: `random.Random` with a seed, so that the same answer comes again."""

    def random(self) -> float:
        """From 0 to 1."""
        ...

    def expovariate(self, rate: float, /) -> float:
        """Exponential, with that rate."""
        ...

    def gauss(self, mean: float, spread: float, /) -> float:
        """Normal, with that mean and standard deviation."""
        ...

    def gammavariate(self, count: float, scale: float, /) -> float:
        """Gamma: the sum of so many exponentials of that mean."""
        ...


def eta_of(played: Sequence[float]) -> Eta:
    """The range of what was played out; seconds."""
    tenths = quantiles(played, n=10, method="inclusive")
    return Eta(tenths[4], tenths[8])


def one_of(values: Sequence[float], draws: Draws) -> float:
    """Any of them, all as likely."""
    return values[int(draws.random() * len(values))]
