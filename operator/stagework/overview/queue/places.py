"""On which machine's card a stage is counted.

1. What waits, works or has failed belongs to the stage's home: of a pool its first class, else the
   first class of the static map, else the first one that the stage itself may run on.
2. What is deferred belongs to the class that is away: the first one of the stage's that may be,
   whether or not it is its home.
3. What is done belongs to the machine that did it, or, where that is not known, to the home.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stagework.api.machines import Fleet


@dataclass(frozen=True, slots=True)
class Places:
    """The static map of stages to machines, and the pools."""

    fleet: Fleet
    pools: Mapping[str, Sequence[str]]
    """Stage to the classes that share its work, its home first."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Every class, in the board's order."""
        return tuple(machine.key for machine in self.fleet.machineClasses)

    @property
    def stages(self) -> tuple[str, ...]:
        """Every stage of the map, in its order, then pools that are not in it."""
        return tuple(dict.fromkeys((*self.fleet.stageClasses, *self.pools)))

    def classes(self, stage: str, own: Sequence[str] = ()) -> tuple[str, ...]:
        """All classes that count for a stage, its home first; `own`: what it says itself."""
        pool = tuple(self.pools.get(stage, ()))
        return tuple(dict.fromkeys((*pool, *self.fleet.classes_of(stage, tuple(own)))))

    def home(self, stage: str, own: Sequence[str] = ()) -> str:
        """The class whose card has its queue."""
        known = self.keys
        return next((key for key in self.classes(stage, own) if key in known), known[0])

    def away(self, stage: str, own: Sequence[str] = ()) -> str:
        """The class whose card has what is deferred of it."""
        return next(self._may_be_away(stage, own), self.home(stage, own))

    def may_be_away(self, stage: str, own: Sequence[str] = ()) -> bool:
        """Whether machines come and go that it may run on."""
        return next(self._may_be_away(stage, own), None) is not None

    def _may_be_away(self, stage: str, own: Sequence[str]) -> Iterator[str]:
        mapped = self.fleet.stageClasses.get(stage, ())
        for key in (*self.classes(stage, own), *mapped):
            machine = self.fleet.find(key)
            if machine is not None and machine.mayBeAway:
                yield key

    def worker(self, stage: str, machine: str, own: Sequence[str] = ()) -> str:
        """The class whose card has what is done."""
        return machine if machine in self.keys else self.home(stage, own)

    def label(self, key: str) -> str:
        """What people see of a class."""
        machine = self.fleet.find(key)
        return (machine.label if machine is not None else "") or key

    def of_kind(self, kind: str, kinds: Mapping[str, str], own: str = "") -> str:
        """The class of a background job: its own, else its kind's, else gpu's."""
        known = self.keys
        return next((key for key in (own, kinds.get(kind), "gpu") if key in known), known[0])
