"""What has happened to a batch; metrics are read from it."""

from dataclasses import dataclass

from stagework.plans.plan import Fact


@dataclass(frozen=True, slots=True)
class ItemsCounted(Fact):
    """The counts of a batch have changed by so many."""

    done: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class ChunkCounted(Fact):
    """A chunk's run was counted."""

    outcome: str
    """Succeeded or Failed."""
