"""Whose turn is it? A ledger of slots per machine class: claims in, turns out.

Order within a class, in this sequence: (1) higher priority, (2) stages of begun runs before new
runs, (3) older runs, (4) earlier stages. The ledger is memory only: every claim follows from a
run's status and Pods, so after a restart it fills itself again before the first turn is given.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Order = tuple[int, int, str, str, int]
"""(-priority, 0 where begun else 1, creation time, run uid, stage's position)."""


@dataclass(frozen=True)
class Claim:
    """One stage that holds a slot or wants one."""

    stage: str
    classes: tuple[str, ...]
    order: Order
    holds: str = ""
    """Class whose slot it holds already (its Pod was lifted); empty: it wants one."""
    free: bool = False
    """Holds no slot although its Pod is out: the node is not ready."""


@dataclass(frozen=True)
class Granted:
    """Its turn has come, on this class."""

    machine: str


@dataclass(frozen=True)
class Queued:
    """It waits at this place (from 1) in the line of its first class."""

    machine: str
    position: int
    length: int
    slots: int


Turn = Granted | Queued


@dataclass
class _Line:
    """Slots of one class: who has one, who waits."""

    slots: int = 0
    taken: int = 0
    waiting: list[tuple[Order, str]] = field(default_factory=list[tuple[Order, str]])


class SlotLedger:
    """Grants slots in order; every method returns the uids of runs whose turns changed."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._claims: dict[str, dict[str, Claim]] = {}
        self._granted: dict[str, dict[str, str]] = {}

    def set_slots(self, slots: Mapping[str, int]) -> set[str]:
        """Set the number of slots of every class; classes not named have none."""
        for machine in {*self._lines, *slots}:
            self._line(machine).slots = slots.get(machine, 0)
        return self._grant(self._lines)

    def claim(self, run_uid: str, claims: Iterable[Claim]) -> set[str]:
        """Replace everything that a run claims."""
        before = self._claims.pop(run_uid, {})
        granted = self._granted.pop(run_uid, {})
        touched: set[str] = set()
        for each in before.values():
            touched |= self._withdraw(run_uid, each, granted.get(each.stage, ""))
        after = {each.stage: each for each in claims}
        if after:
            self._claims[run_uid] = after
            self._granted[run_uid] = {}
        for each in after.values():
            touched |= self._enter(run_uid, each, granted.get(each.stage, ""))
        changed = self._grant(touched)
        changed.discard(run_uid)
        return changed

    def turns(self, run_uid: str) -> dict[str, Turn]:
        """Stage name to its turn, for everything that the run claims."""
        granted = self._granted.get(run_uid, {})
        return {
            stage: Granted(granted[stage]) if stage in granted else self._queued(claim)
            for stage, claim in self._claims.get(run_uid, {}).items()
        }

    def taken(self) -> int:
        """Slots that are taken, over all classes."""
        return sum(line.taken for line in self._lines.values())

    def line_lengths(self) -> dict[str, int]:
        """Class to the number of stages that wait for it (first choice only)."""
        return {machine: len(line.waiting) for machine, line in self._lines.items()}

    def _line(self, machine: str) -> _Line:
        return self._lines.setdefault(machine, _Line())

    def _withdraw(self, run_uid: str, claim: Claim, granted: str) -> set[str]:
        if granted:
            if not claim.free:
                self._line(granted).taken -= 1
            return {granted}
        for machine in claim.classes:
            waiting = self._line(machine).waiting
            entry = (claim.order, run_uid)
            at = bisect_left(waiting, entry)
            if at < len(waiting) and waiting[at] == entry:
                del waiting[at]
        return set(claim.classes)

    def _enter(self, run_uid: str, claim: Claim, granted: str) -> set[str]:
        """A slot once given stays given, also when its machine class has become full since."""
        keeps = claim.holds or (granted if granted in claim.classes else "")
        if keeps:
            self._granted[run_uid][claim.stage] = keeps
            if not claim.free:
                self._line(keeps).taken += 1
            return {keeps}
        for machine in claim.classes:
            insort(self._line(machine).waiting, (claim.order, run_uid))
        return set(claim.classes)

    def _grant(self, machines: Iterable[str]) -> set[str]:
        changed: set[str] = set()
        for machine in sorted(machines):
            line = self._line(machine)
            while line.waiting and line.taken < line.slots:
                order, run_uid = line.waiting[0]
                claim = self._find(run_uid, order)
                self._withdraw(run_uid, claim, "")
                self._granted[run_uid][claim.stage] = machine
                line.taken += 1
                changed.add(run_uid)
        return changed

    def _find(self, run_uid: str, order: Order) -> Claim:
        return next(c for c in self._claims[run_uid].values() if c.order == order)

    def _queued(self, claim: Claim) -> Queued:
        machine = claim.classes[0]
        line = self._line(machine)
        position = bisect_left(line.waiting, (claim.order, claim.order[3])) + 1
        return Queued(machine, position, len(line.waiting), line.slots)
