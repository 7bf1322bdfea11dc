"""What is asked of the slot ledger: by whom, for which classes, and where that stands in the order.

Order within a class, in this sequence: (1) higher priority, (2) round the namespaces that wait: the
one that got a slot longest ago, (3) in a namespace round its batches likewise, where runs of no
batch are one together, (4) stages of begun runs before new runs, (5) older runs, (6) by name, (7)
earlier stages.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self

StageKey = tuple[str, str]
"""Run uid and stage."""


class Order(NamedTuple):
    """Where a stage stands; the smallest first among those of its priority, namespace and batch."""

    urgency: int
    """Its run's priority, negated."""
    namespace: str
    is_new: bool
    """No stage of its run has begun."""
    created: str
    """When its run was made."""
    run: str
    uid: str
    position: int = 0
    """The stage's place in its run."""
    batch: str = ""
    """Uid of the Batch whose chunk its run is; empty: it is of none."""


@dataclass(frozen=True)
class SlotRequest:
    """One stage that holds a slot or wants one."""

    stage: str
    classes: tuple[str, ...]
    """Those that count for it now, in its order of preference."""
    order: Order
    holds: str = ""
    """Class whose slot it holds already (its Pod is ungated); empty: it wants one."""
    free: bool = False
    """Has its turn and takes no slot: its node takes no Pods, or it cannot start."""
    since: datetime | None = None
    """When its turn came."""
    pod: str = ""
    """Uid of the Pod that holds."""
    away_on: str = ""
    """The node that takes no Pods, where it is free for that alone."""

    def node_is_back(self, node: str) -> Self:
        """As it is once that node takes Pods again."""
        return replace(self, free=False, away_on="") if self.away_on == node else self


class Moment(NamedTuple):
    """Now."""

    now: datetime
    """Of the wall clock: only for what people are told."""
    clock: float
    """Seconds of a clock that nobody sets."""
