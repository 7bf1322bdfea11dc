"""Whose turn is it? A ledger of slots per machine class: slot requests in, turns out.

Order within a class, in this sequence: (1) higher priority, (2) round the namespaces that wait: the
one that got a slot longest ago, (3) stages of begun runs before new runs, (4) older runs, (5) by
name, (6) earlier stages. A stage that waits for several classes takes the first of its own order
that has room.

A slot is counted while its Pod is out and may work. A grant without a Pod is a lease: it runs out,
and its stage is left out of the queue for a while. The ledger is memory only: every request follows
from a run's status and Pods, so after a restart it fills itself again before the first turn.

Numbers for people are told of all that wait for a class at once, now and then, so that those of one
list agree with each other, and far back in a long queue only about.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

TELL_SECONDS: Final = 5.0
"""Places in a queue are told anew this often at most."""
EXACT_PLACES: Final = 50
"""Up to this place numbers are exact, and who holds the slots is told."""
LONGEST_PAUSE_SECONDS: Final = 600.0
"""A stage that does not use its turns is left out of the queue for so long at most."""
_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000, 86400)
"""Seconds that a slot is held, as they are told: else every second would be news for all."""
_NEVER = float("-inf")
_BEFORE_THIS_START = 1e11
"""Seconds; puts what was granted before a restart before all that is granted since."""


class Order(NamedTuple):
    """Where a stage stands; the smallest first among those of its priority and namespace."""

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


@dataclass(frozen=True)
class Granted:
    """Its turn has come, on this class."""

    machine: str


@dataclass(frozen=True, slots=True)
class Holder:
    """A stage that holds a slot, as it is told to those that wait."""

    run: str
    stage: str
    seconds: int
    """So long at least."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is told of a queue to one that waits in it."""

    position: int = 0
    """From 1; 0: not told yet. Rounded down where it is `far`."""
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


class Moment(NamedTuple):
    """Now."""

    now: datetime
    """Of the wall clock: only for what people are told."""
    clock: float
    """Seconds of a clock that nobody sets."""


_Key = tuple[str, str]
"""Run uid and stage."""
_Turn = tuple[str, float | None]
"""Class of a turn that may be kept, and when that runs out if it is not used."""
_NOTHING: _Turn = ("", None)


@dataclass
class _Level:
    """Those of one priority, by namespace, and whose turn it is among these."""

    waiting: dict[str, list[Order]] = field(default_factory=dict[str, list[Order]])
    rota: list[tuple[float, Order]] = field(default_factory=list[tuple[float, Order]])
    """The first of each namespace, by when that was served last."""


class _Line:
    """Who waits for one class, in order."""

    def __init__(self) -> None:
        self._levels: dict[int, _Level] = {}
        self._served: dict[str, float] = {}
        self._front: frozenset[Order] | None = None
        self.length = 0
        self.changed = True
        """Since it was last told."""

    def add(self, order: Order) -> None:
        level = self._levels.setdefault(order.urgency, _Level())
        own = level.waiting.setdefault(order.namespace, [])
        self._leave_rota(level, own)
        insort(own, order)
        self._enter_rota(level, own)
        self._note(1)

    def discard(self, order: Order) -> None:
        level = self._levels.get(order.urgency, _Level())
        own = level.waiting.get(order.namespace, [])
        at = bisect_left(own, order)
        if own[at : at + 1] != [order]:
            return
        self._leave_rota(level, own)
        del own[at]
        self._enter_rota(level, own)
        if not own:
            del level.waiting[order.namespace]
        if not level.waiting:
            del self._levels[order.urgency]
        self._note(-1)

    def served(self, namespace: str, at: float) -> None:
        """A slot went there: it is the turn of others."""
        if at <= self._served.get(namespace, _NEVER):
            return
        holding = [level for level in self._levels.values() if namespace in level.waiting]
        for level in holding:
            self._leave_rota(level, level.waiting[namespace])
        self._served[namespace] = at
        for level in holding:
            self._enter_rota(level, level.waiting[namespace])
        self._note(0)

    def head(self) -> Order | None:
        return self._levels[min(self._levels)].rota[0][1] if self._levels else None

    def namespaces(self) -> int:
        return len({name for level in self._levels.values() for name in level.waiting})

    def in_order(self) -> Iterator[Order]:
        for urgency in sorted(self._levels):
            level = self._levels[urgency]
            lists = [level.waiting[first.namespace] for _, first in level.rota]
            at = 0
            while lists:
                yield from (own[at] for own in lists)
                at += 1
                lists = [own for own in lists if len(own) > at]

    def is_near(self, order: Order, places: int) -> bool:
        if self._front is None:
            self._front = frozenset(islice(self.in_order(), places))
        return order in self._front

    def resized(self) -> None:
        self._note(0)

    def forget_turns(self) -> None:
        """Nobody waits or holds: whose turn it is begins anew."""
        self._served.clear()

    def _note(self, more: int) -> None:
        self.length += more
        self.changed = True
        self._front = None

    def _leave_rota(self, level: _Level, own: list[Order]) -> None:
        if own:
            entry = (self._served.get(own[0].namespace, _NEVER), own[0])
            del level.rota[bisect_left(level.rota, entry)]

    def _enter_rota(self, level: _Level, own: list[Order]) -> None:
        if own:
            insort(level.rota, (self._served.get(own[0].namespace, _NEVER), own[0]))


class _Queue:
    """Slots of one class: who has them, who waits, and what was told of that."""

    def __init__(self, machine: str) -> None:
        self.machine = machine
        self.slots = 0
        self.line = _Line()
        self.holders: dict[_Key, SlotRequest] = {}
        """Who counts."""
        self._told: dict[Order, Standing] = {}
        self._told_at = _NEVER
        self._told_seconds: list[int] = []

    @property
    def has_room(self) -> bool:
        return len(self.holders) < self.slots

    def resize(self, slots: int) -> None:
        if slots != self.slots:
            self.slots = slots
            self.line.resized()

    def take(self, key: _Key, request: SlotRequest) -> None:
        self.holders[key] = request
        self.line.changed = True

    def give_back(self, key: _Key) -> None:
        if self.holders.pop(key, None) is not None:
            self.line.changed = True
        self._rest()

    def leave(self, order: Order) -> None:
        self.line.discard(order)
        self._rest()

    def _rest(self) -> None:
        """Of those who have come and gone nothing is kept."""
        if not (self.holders or self.line.length):
            self.line.forget_turns()
            self._told_seconds.clear()

    def turn_of(self, order: Order) -> Queued:
        untold = Standing(slots=self.slots, taken=len(self.holders))
        near = self.line.is_near(order, self.slots)
        return Queued(self.machine, self._told.get(order, untold), near)

    def tell(self, at: Moment) -> set[str]:
        """Number all that wait anew, where that is due; uids of those for whom it is news."""
        now = at.now
        if at.clock < self._told_at + TELL_SECONDS or not self.slots:
            return set()
        if not (self.line.length or self._told):
            return set()
        seconds = [_told_seconds(held.since, now) for held in self.holders.values()]
        if not self.line.changed and seconds == self._told_seconds:
            return set()
        before, self._told = self._told, dict(self._standings(now))
        self._told_at, self._told_seconds = at.clock, seconds
        self.line.changed = False
        return {
            order.uid for order, standing in self._told.items() if before.get(order) != standing
        }

    def _standings(self, now: datetime) -> Iterator[tuple[Order, Standing]]:
        count, taken, namespaces = self.line.length, len(self.holders), self.line.namespaces()
        own = self._holders_by_namespace(now)
        far: dict[int, Standing] = {}
        length, is_long = _rounded(count), count > EXACT_PLACES
        for place, order in enumerate(self.line.in_order(), start=1):
            if place > EXACT_PLACES:
                at = _rounded(place)
                if at not in far:
                    far[at] = Standing(
                        at,
                        length,
                        far=True,
                        is_long=is_long,
                        slots=self.slots,
                        taken=taken,
                        namespaces=namespaces,
                    )
                yield order, far[at]
                continue
            holders = own.get(order.namespace, ())
            yield (
                order,
                Standing(
                    position=place,
                    length=length,
                    is_long=is_long,
                    slots=self.slots,
                    taken=taken,
                    holders=holders,
                    others=taken - len(holders),
                    namespaces=namespaces,
                ),
            )

    def _holders_by_namespace(self, now: datetime) -> dict[str, tuple[Holder, ...]]:
        found: dict[str, list[Holder]] = {}
        for held in self.holders.values():
            seconds = _told_seconds(held.since, now)
            found.setdefault(held.order.namespace, []).append(
                Holder(held.order.run, held.stage, seconds)
            )
        return {
            namespace: tuple(sorted(own, key=lambda h: (-h.seconds, h.run, h.stage)))
            for namespace, own in found.items()
        }


class _Queues:
    """The queues of all classes."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    def of(self, machine: str) -> _Queue:
        queue = self._queues.get(machine)
        if queue is None:
            queue = self._queues[machine] = _Queue(machine)
        return queue

    def resize(self, slots: Mapping[str, int]) -> list[str]:
        """Gives all classes."""
        for machine in {*self._queues, *slots}:
            self.of(machine).resize(slots.get(machine, 0))
        return sorted(self._queues)

    def join(self, request: SlotRequest) -> None:
        for machine in request.classes:
            self.of(machine).line.add(request.order)

    def leave(self, request: SlotRequest) -> None:
        for machine in request.classes:
            self.of(machine).leave(request.order)

    def tell(self, machines: Iterable[str], at: Moment) -> set[str]:
        return {uid for machine in machines for uid in self.of(machine).tell(at)}

    def tell_all(self, at: Moment) -> set[str]:
        return self.tell(self._queues, at)

    def taken(self) -> int:
        return sum(len(queue.holders) for queue in self._queues.values())

    def lengths(self) -> dict[str, int]:
        return {machine: queue.line.length for machine, queue in self._queues.items()}


class _Leases:
    """Turns that are not used yet, and who did not use one in time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[_Key, float] = {}
        self._left_out: dict[_Key, float] = {}
        """When they are let in again."""
        self._lapses: dict[_Key, int] = {}

    def given(self, key: _Key, clock: float, until: float | None = None) -> None:
        """A turn without a Pod; `until`: it is one that was given before."""
        self._until[key] = clock + self._seconds if until is None else until

    def end(self, key: _Key) -> float | None:
        """It is not waited for any more; when the lease would have run out."""
        self._left_out.pop(key, None)
        return self._until.pop(key, None)

    def forget(self, key: _Key) -> None:
        self._lapses.pop(key, None)

    def run_out(self, clock: float) -> list[_Key]:
        return [key for key, until in self._until.items() if until <= clock]

    def leave_out(self, key: _Key, clock: float) -> None:
        lapses = self._lapses[key] = self._lapses.get(key, 0) + 1
        self._left_out[key] = clock + min(self._seconds * lapses, LONGEST_PAUSE_SECONDS)

    def let_in(self, clock: float) -> list[_Key]:
        over = [key for key, until in self._left_out.items() if until <= clock]
        for key in over:
            del self._left_out[key]
        return over

    def is_left_out(self, key: _Key) -> bool:
        return key in self._left_out


class SlotLedger:
    """Grants slots in order; every method returns the uids of runs whose turns changed."""

    def __init__(self, lease_seconds: float = 60.0) -> None:
        """`lease_seconds`: how long a grant is kept for a stage whose Pod is not out."""
        self._leases = _Leases(lease_seconds)
        self._queues = _Queues()
        self._requests: dict[str, dict[str, SlotRequest]] = {}
        self._granted: dict[_Key, str] = {}
        """The class of everybody's turn."""
        self._grants = 0

    def set_slots(self, slots: Mapping[str, int], at: Moment) -> set[str]:
        """Set the number of slots of every class; classes not named have none."""
        machines = self._queues.resize(slots)
        return self._grant(machines, at) | self._queues.tell(machines, at)

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
        changed = self._grant(touched, at) | self._queues.tell(touched, at)
        changed.discard(run_uid)
        return changed

    def tick(self, at: Moment) -> set[str]:
        """Some time has passed: grants run out, others are let in again, places are told."""
        touched: set[str] = set()
        changed: set[str] = set()
        for key in self._leases.run_out(at.clock):
            self._withdraw(key, self._requests[key[0]][key[1]], touched)
            self._leases.leave_out(key, at.clock)
            changed.add(key[0])
        for key in self._leases.let_in(at.clock):
            self._enter(key, self._requests[key[0]][key[1]], _NOTHING, touched, at)
        return changed | self._grant(touched, at) | self._queues.tell_all(at)

    def turns(self, run_uid: str) -> dict[str, Turn]:
        """Stage name to its turn, for everything that the run holds or wants."""
        requests = self._requests.get(run_uid, {})
        return {s: self._turn((run_uid, s), request) for s, request in requests.items()}

    def holding(self, run_uid: str) -> list[SlotRequest]:
        """What a run holds by Pods that are out, as far as it was said."""
        return [r for r in self._requests.get(run_uid, {}).values() if r.holds]

    def taken(self) -> int:
        """Slots that are taken, over all classes."""
        return self._queues.taken()

    def queue_lengths(self) -> dict[str, int]:
        """Class to the number of stages that wait for it."""
        return self._queues.lengths()

    def _turn(self, key: _Key, request: SlotRequest) -> Turn:
        granted = self._granted.get(key)
        if granted is not None:
            return Granted(granted)
        if self._leases.is_left_out(key):
            return Paused(request.classes[0])
        return self._queues.of(request.classes[0]).turn_of(request.order)

    def _withdraw(self, key: _Key, request: SlotRequest, touched: set[str]) -> _Turn:
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
        key: _Key,
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

    def _take(self, key: _Key, request: SlotRequest, machine: str) -> None:
        self._granted[key] = machine
        if not request.free:
            self._queues.of(machine).take(key, request)

    def _was_served_before(self, request: SlotRequest) -> None:
        """After a restart the turns of what runs say who was served when."""
        if request.since is not None and not request.free:
            when = request.since.timestamp() - _BEFORE_THIS_START
            self._queues.of(request.holds).line.served(request.order.namespace, when)

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
            self._queues.of(machine).line.served(order.namespace, self._grants)
            changed.add(order.uid)
        return changed

    def _next(self, machines: Iterable[str]) -> tuple[Order, str] | None:
        """Who gets a slot next, and of which class: the first of its own order that has room."""
        found: tuple[Order, str] | None = None
        for machine in sorted(machines):
            queue = self._queues.of(machine)
            head = queue.line.head() if queue.has_room else None
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


def _told_seconds(since: datetime | None, now: datetime) -> int:
    held = (now - since).total_seconds() if since is not None else 0.0
    return max((step for step in _STEPS if step <= held), default=0)


def _rounded(number: int) -> int:
    """To one digit, downwards, where it is far back."""
    if number <= EXACT_PLACES:
        return number
    unit = 10 ** (len(str(number)) - 1)
    return number // unit * unit
