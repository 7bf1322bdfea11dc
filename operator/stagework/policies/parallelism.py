"""How many stages of one run may be at work at once, and which of those that could start may?

A stage is at work from when its Pod is chosen until that has ended, also while the Pod is missed
and may still run. Those that want to start all stand in the queues of their machine classes as long
as there is room for one: none of them waits for a class that another one waits for. As soon as
turns have been given for all the room there is, the others wait.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple


class AtLimit(NamedTuple):
    """It could start, and the run has as many stages at work as it may have."""

    limit: int
    at_work: tuple[str, ...]
    """Names of the stages that are at work, or have their turn."""


def limit_of(*limits: int | None) -> int | None:
    """The limit that counts; None: there is none."""
    return min((limit for limit in limits if limit is not None), default=None)


def within_limit(
    limit: int, at_work: Sequence[str], waiting: Sequence[str], granted: Collection[str]
) -> tuple[str, ...]:
    """Which of `waiting` (the first before others) may go on waiting a slot.

    `granted`: those that have been given a turn.
    """
    room = max(0, limit - len(at_work))
    turns = [name for name in waiting if name in granted][:room]
    return tuple(turns) if len(turns) == room else tuple(waiting)
