"""Whose turn is it? A ledger of slots per machine class: slot requests in, turns out.

Order within a class, in this sequence: (1) higher priority, (2) stages of begun runs before new
runs, (3) older runs, (4) earlier stages. The ledger is memory only: every request follows from a
run's status and Pods, so after a restart it fills itself again before the first turn is given.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Order = tuple[int, int, str, str, int]
"""(-priority, 0 where begun else 1, creation time, run uid, stage's position)."""


@dataclass(frozen=True)
class SlotRequest:
    """One stage that holds a slot or wants one."""

    stage: str
    classes: tuple[str, ...]
    order: Order
    holds: str = ""
    """Class whose slot it holds already (its Pod is ungated); empty: it wants one."""
    free: bool = False
    """Holds no slot although its Pod is out: the node is not ready."""


@dataclass(frozen=True)
class Granted:
    """Its turn has come, on this class."""

    machine: str


@dataclass(frozen=True)
class Queued:
    """It waits at this place (from 1) in the queue of its first class."""

    machine: str
    position: int
    length: int
    slots: int


Turn = Granted | Queued


@dataclass
class _Queue:
    """Slots of one class: how many are taken, who waits."""

    slots: int = 0
    taken: int = 0
    waiting: list[tuple[Order, str]] = field(default_factory=list[tuple[Order, str]])


class SlotLedger:
    """Grants slots in order; every method returns the uids of runs whose turns changed."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._requests: dict[str, dict[str, SlotRequest]] = {}
        self._granted: dict[str, dict[str, str]] = {}

    def set_slots(self, slots: Mapping[str, int]) -> set[str]:
        """Set the number of slots of every class; classes not named have none."""
        for machine in {*self._queues, *slots}:
            self._queue(machine).slots = slots.get(machine, 0)
        return self._grant(self._queues)

    def request(self, run_uid: str, requests: Iterable[SlotRequest]) -> set[str]:
        """Replace everything that a run holds or wants."""
        before = self._requests.pop(run_uid, {})
        granted = self._granted.pop(run_uid, {})
        touched: set[str] = set()
        for request in before.values():
            touched |= self._withdraw(run_uid, request, granted.get(request.stage))
        after = {request.stage: request for request in requests}
        if after:
            self._requests[run_uid] = after
            self._granted[run_uid] = {}
        for request in after.values():
            touched |= self._enter(run_uid, request, granted.get(request.stage))
        changed = self._grant(touched)
        changed.discard(run_uid)
        return changed

    def turns(self, run_uid: str) -> dict[str, Turn]:
        """Stage name to its turn, for everything that the run holds or wants."""
        if run_uid not in self._requests:
            return {}
        granted = self._granted[run_uid]
        return {
            stage: Granted(granted[stage]) if stage in granted else self._queued(request)
            for stage, request in self._requests[run_uid].items()
        }

    def taken(self) -> int:
        """Slots that are taken, over all classes."""
        return sum(queue.taken for queue in self._queues.values())

    def queue_lengths(self) -> dict[str, int]:
        """Class to the number of stages that wait for it (first choice only)."""
        return {machine: len(queue.waiting) for machine, queue in self._queues.items()}

    def _queue(self, machine: str) -> _Queue:
        return self._queues.setdefault(machine, _Queue())

    def _withdraw(self, run_uid: str, request: SlotRequest, granted: str | None = None) -> set[str]:
        if granted:
            if not request.free:
                self._queue(granted).taken -= 1
            return {granted}
        for machine in request.classes:
            waiting = self._queue(machine).waiting
            entry = (request.order, run_uid)
            at = bisect_left(waiting, entry)
            if waiting[at : at + 1] == [entry]:
                del waiting[at]
        return set(request.classes)

    def _enter(self, run_uid: str, request: SlotRequest, granted: str | None) -> set[str]:
        """A slot once given stays given, also when its machine class has become full since."""
        keeps = request.holds or (granted if granted in request.classes else None)
        if keeps:
            self._granted[run_uid][request.stage] = keeps
            if not request.free:
                self._queue(keeps).taken += 1
            return {keeps}
        for machine in request.classes:
            insort(self._queue(machine).waiting, (request.order, run_uid))
        return set(request.classes)

    def _grant(self, machines: Iterable[str]) -> set[str]:
        changed: set[str] = set()
        for machine in sorted(machines):
            queue = self._queue(machine)
            while queue.waiting and queue.taken < queue.slots:
                order, run_uid = queue.waiting[0]
                request = self._find(run_uid, order)
                self._withdraw(run_uid, request)
                self._granted[run_uid][request.stage] = machine
                queue.taken += 1
                changed.add(run_uid)
        return changed

    def _find(self, run_uid: str, order: Order) -> SlotRequest:
        return next(r for r in self._requests[run_uid].values() if r.order == order)

    def _queued(self, request: SlotRequest) -> Queued:
        machine = request.classes[0]
        queue = self._queue(machine)
        position = bisect_left(queue.waiting, (request.order, request.order[3])) + 1
        return Queued(machine, position, len(queue.waiting), queue.slots)
