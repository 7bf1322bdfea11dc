"""Who has the slots of a machine class, and who waits for one?"""

from collections.abc import Iterable, Mapping

from stagework.policies.slots.queue_order import QueueOrder
from stagework.policies.slots.request import Moment, Order, SlotRequest, StageKey
from stagework.policies.slots.standings import Occupancy, Standings
from stagework.policies.slots.turn import Queued


class ClassQueue:
    """Slots of one class: who has them, who waits, and what was published of that."""

    def __init__(self, machine: str) -> None:
        self.machine = machine
        self.slots = 0
        self.waiting = QueueOrder()
        self.holders: dict[StageKey, SlotRequest] = {}
        """Who counts."""
        self._standings = Standings()

    @property
    def has_room(self) -> bool:
        """Whether one more slot can be given."""
        return len(self.holders) < self.slots

    def resize(self, slots: int) -> None:
        """So many slots there are now."""
        if slots != self.slots:
            self.slots = slots
            self.waiting.resized()

    def take(self, key: StageKey, request: SlotRequest) -> None:
        """It counts from now on."""
        self.holders[key] = request
        self.waiting.changed = True

    def give_back(self, key: StageKey) -> None:
        """It counts no more."""
        if self.holders.pop(key, None) is not None:
            self.waiting.changed = True
        self._rest()

    def leave(self, order: Order) -> None:
        """It waits no more."""
        self.waiting.discard(order)
        self._rest()

    def turn_of(self, order: Order) -> Queued:
        """Its place, for one that waits."""
        near = self.waiting.is_near(order, self.slots)
        return Queued(self.machine, self._standings.of(order, self._occupancy()), near)

    def publish(self, at: Moment) -> set[str]:
        """Number all that wait anew, where that is due; uids of those for whom it is news."""
        return self._standings.publish(self.waiting, self._occupancy(), at)

    def _occupancy(self) -> Occupancy:
        return Occupancy(self.slots, self.holders.values())

    def _rest(self) -> None:
        """Of those who have come and gone nothing is kept."""
        if not (self.holders or self.waiting.length):
            self.waiting.forget_turns()
            self._standings.rest()


class ClassQueues:
    """The queues of all classes."""

    def __init__(self) -> None:
        self._queues: dict[str, ClassQueue] = {}

    def of(self, machine: str) -> ClassQueue:
        """That of one class; one without slots where it is new."""
        queue = self._queues.get(machine)
        if queue is None:
            queue = self._queues[machine] = ClassQueue(machine)
        return queue

    def resize(self, slots: Mapping[str, int]) -> list[str]:
        """Set the slots of every class; gives all classes."""
        for machine in {*self._queues, *slots}:
            self.of(machine).resize(slots.get(machine, 0))
        return sorted(self._queues)

    def join(self, request: SlotRequest) -> None:
        """It waits for each of its classes."""
        for machine in request.classes:
            self.of(machine).waiting.add(request.order)

    def leave(self, request: SlotRequest) -> None:
        """It waits for none of them any more."""
        for machine in request.classes:
            self.of(machine).leave(request.order)

    def publish(self, machines: Iterable[str], at: Moment) -> set[str]:
        """Number those that wait for these classes anew, where that is due; for whom it is news."""
        return {uid for machine in machines for uid in self.of(machine).publish(at)}

    def publish_all(self, at: Moment) -> set[str]:
        """The same for every class."""
        return self.publish(self._queues, at)

    def taken(self) -> int:
        """Slots that are taken, over all classes."""
        return sum(len(queue.holders) for queue in self._queues.values())

    def lengths(self) -> dict[str, int]:
        """Class to the number of stages that wait for it."""
        return {machine: queue.waiting.length for machine, queue in self._queues.items()}
