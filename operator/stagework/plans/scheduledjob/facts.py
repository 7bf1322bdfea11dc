"""What has happened to a schedule; metrics are read from it."""

from dataclasses import dataclass

from stagework.plans.plan import Fact


@dataclass(frozen=True, slots=True)
class SlotBegun(Fact):
    """The run of a slot was made."""

    lag_seconds: float
    """So long after the slot's time, its jitter over."""


@dataclass(frozen=True, slots=True)
class SlotsMissed(Fact):
    """Slots passed without a run: too late, or too many to be run after the fact."""

    count: int
