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
