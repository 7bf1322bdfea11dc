"""What the slot ledger answers: a stage has its turn, waits, or is left out for a while."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Granted:
    """Its turn has come, on this class."""

    machine: str


@dataclass(frozen=True, slots=True)
class Holder:
    """A stage that holds a slot, as those that wait see it."""

    run: str
    stage: str
    seconds: int
    """So long at least."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is published of a queue to one that waits in it."""

    position: int = 0
    """From 1; 0: not published yet. Rounded down where it is `far`."""
    length: int = 0
    """Rounded down where the queue `is_long`."""
    far: bool = False
    is_long: bool = False
    slots: int = 0
    taken: int = 0
    holders: tuple[Holder, ...] = ()
    """Of its own namespace, who holds longest first; empty far back in a long queue."""
    others: int = 0
    """Slots held from other namespaces."""
    namespaces: int = 1
    """How many wait."""
    shared: bool = False
    """Whether several batches of its namespace wait, or one beside runs of none."""


@dataclass(frozen=True)
class Queued:
    """It waits in the queue of its first class."""

    machine: str
    standing: Standing
    near: bool = False
    """Its turn may come soon: as few wait before it as there are slots."""


@dataclass(frozen=True)
class Paused:
    """It had its turn and did not use it: it is left out of the queue for a while."""

    machine: str


Turn = Granted | Queued | Paused
