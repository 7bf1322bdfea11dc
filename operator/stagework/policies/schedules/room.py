"""A slot has come: is there room for its run, and what becomes of it where there is none?"""

from dataclasses import dataclass
from typing import Literal

from stagework.api.scheduledjob import Overlap


@dataclass(frozen=True)
class Start:
    """Its run is made now."""


@dataclass(frozen=True)
class Wait:
    """It waits for room; with `Replace` the oldest runs go for it."""


@dataclass(frozen=True)
class NoRoom:
    """It is skipped."""

    reason: Literal["MaxInstances", "QueueFull"]


def room_for(
    overlap: Overlap,
    *,
    active: int,
    waiting: int,
    max_instances: int,
    max_waiting: int,
) -> Start | Wait | NoRoom:
    """What becomes of a slot while so many runs are active and so many wait before it."""
    if active + waiting < max_instances:
        return Start()
    if overlap in {"Queue", "Replace"}:
        return Wait() if waiting < max_waiting else NoRoom("QueueFull")
    return NoRoom("MaxInstances")
