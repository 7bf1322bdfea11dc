"""Whose turn is it? A ledger of slots per machine class: slot requests in, turns out.

A stage that waits for several classes takes the first of its own order that has room. A slot is
counted while its Pod is out and may work. A grant without a Pod is a lease: it runs out, and its
stage is left out of the queue for a while. The ledger is memory only: every request follows from a
run's status and Pods, so after a restart it fills itself again before the first turn.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from stagework.policies.slots.class_queue import ClassQueues
from stagework.policies.slots.leases import Leases
from stagework.policies.slots.request import Moment, Order, SlotRequest, StageKey
from stagework.policies.slots.turn import Granted, Paused, Turn

_BEFORE_THIS_START: Final = 1e11
"""Seconds; puts what was granted before a restart before all that is granted since."""
_Turn = tuple[str, float | None]
"""Class of a turn that may be kept, and when that runs out if it is not used."""
_NOTHING: _Turn = ("", None)


class SlotLedger:
    """Grants slots in order; every method returns the uids of runs whose turns changed."""

    def __init__(self, lease_seconds: float = 60.0) -> None:
        """`lease_seconds`: how long a grant is kept for a stage whose Pod is not out."""
        self._leases = Leases(lease_seconds)
        self._queues = ClassQueues()
        self._requests: dict[str, dict[str, SlotRequest]] = {}
        self._granted: dict[StageKey, str] = {}
        """The class of everybody's turn."""
        self._grants = 0

    def set_slots(self, slots: Mapping[str, int], at: Moment) -> set[str]:
        """Set the number of slots of every class; classes not named have none."""
        machines = self._queues.resize(slots)
        return self._grant(machines, at) | self._queues.publish(machines, at)

    def request(self, run_uid: str, requests: Iterable[SlotRequest], at: Moment) -> set[str]:
        """Replace everything that a run holds or wants."""
        before = self._requests.pop(run_uid, {})
        after = {request.stage: request for request in requests}
        if after:
            self._requests[run_uid] = after
        touched: set[str] = set()
        had: dict[str, _Turn] = {}
        for stage, request in before.items():
            if after.get(stage) != request:
                had[stage] = self._withdraw((run_uid, stage), request, touched)
        for stage, request in after.items():
            if before.get(stage) != request:
                self._enter((run_uid, stage), request, had.get(stage, _NOTHING), touched, at)
        for stage in before.keys() - after.keys():
            self._leases.forget((run_uid, stage))
        changed = self._grant(touched, at) | self._queues.publish(touched, at)
        changed.discard(run_uid)
        return changed

    def tick(self, at: Moment) -> set[str]:
        """Some time has passed: grants run out, others are let in again, places are published."""
        touched: set[str] = set()
        changed: set[str] = set()
        for key in self._leases.run_out(at.clock):
            self._withdraw(key, self._requests[key[0]][key[1]], touched)
            self._leases.leave_out(key, at.clock)
            changed.add(key[0])
        for key in self._leases.let_in(at.clock):
            self._enter(key, self._requests[key[0]][key[1]], _NOTHING, touched, at)
        return changed | self._grant(touched, at) | self._queues.publish_all(at)

    def turns(self, run_uid: str) -> dict[str, Turn]:
        """Stage name to its turn, for everything that the run holds or wants."""
        requests = self._requests.get(run_uid, {})
        return {s: self._turn((run_uid, s), request) for s, request in requests.items()}

    def requests(self, run_uid: str) -> tuple[SlotRequest, ...]:
        """Everything that a run holds or wants, as far as it was said."""
        return tuple(self._requests.get(run_uid, {}).values())

    def taken(self) -> int:
        """Slots that are taken, over all classes."""
        return self._queues.taken()

    def queue_lengths(self) -> dict[str, int]:
        """Class to the number of stages that wait for it."""
        return self._queues.lengths()

    def _turn(self, key: StageKey, request: SlotRequest) -> Turn:
        granted = self._granted.get(key)
        if granted is not None:
            return Granted(granted)
        if self._leases.is_left_out(key):
            return Paused(request.classes[0])
        return self._queues.of(request.classes[0]).turn_of(request.order)

    def _withdraw(self, key: StageKey, request: SlotRequest, touched: set[str]) -> _Turn:
        """Gives the class of the turn that it had, if any may be kept, and when that runs out."""
        until = self._leases.end(key)
        granted = self._granted.pop(key, "")
        if granted:
            self._queues.of(granted).give_back(key)
            touched.add(granted)
            return ("" if request.free else granted, until)
        self._queues.leave(request)
        touched.update(request.classes)
        return _NOTHING

    def _enter(
        self,
        key: StageKey,
        request: SlotRequest,
        had: _Turn,
        touched: set[str],
        at: Moment,
    ) -> None:
        """A slot once given stays given, also when its machine class has become full since."""
        machine, until = had
        if request.holds:
            self._leases.forget(key)
            self._take(key, request, request.holds)
            if not machine:
                self._was_served_before(request)
        elif machine in request.classes:
            self._take(key, request, machine)
            self._leases.given(key, at.clock, until)
        else:
            self._queues.join(request)
            touched.update(request.classes)

    def _take(self, key: StageKey, request: SlotRequest, machine: str) -> None:
        self._granted[key] = machine
        if not request.free:
            self._queues.of(machine).take(key, request)

    def _was_served_before(self, request: SlotRequest) -> None:
        """After a restart the turns of what runs say who was served when."""
        if request.since is not None and not request.free:
            when = request.since.timestamp() - _BEFORE_THIS_START
            self._queues.of(request.holds).waiting.served(request.order, when)

    def _grant(self, machines: Iterable[str], at: Moment) -> set[str]:
        changed: set[str] = set()
        while (choice := self._next(machines)) is not None:
            order, machine = choice
            request = self._find(order)
            key = (order.uid, request.stage)
            self._queues.leave(request)
            self._take(key, request, machine)
            self._leases.given(key, at.clock)
            self._grants += 1
            self._queues.of(machine).waiting.served(order, self._grants)
            changed.add(order.uid)
        return changed

    def _next(self, machines: Iterable[str]) -> tuple[Order, str] | None:
        """Who gets a slot next, and of which class: the first of its own order that has room."""
        found: tuple[Order, str] | None = None
        for machine in sorted(machines):
            queue = self._queues.of(machine)
            head = queue.waiting.head() if queue.has_room else None
            if head is None:
                continue
            classes = self._find(head).classes
            best = next(name for name in classes if self._queues.of(name).has_room)
            if best == machine:
                return (head, machine)
            found = found or (head, best)
        return found

    def _find(self, order: Order) -> SlotRequest:
        return next(r for r in self._requests[order.uid].values() if r.order == order)
