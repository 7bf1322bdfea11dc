"""What is published of a queue to those that wait in it: their places, and who holds the slots.

Of all that wait for a class at once, now and then, so that the numbers of one list agree with each
other; far back in a long queue they are round, so that they are seldom news.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.policies.slots.queue_order import QueueOrder
from stagework.policies.slots.request import Moment, Order, SlotRequest
from stagework.policies.slots.turn import Holder, Standing

PUBLISH_SECONDS: Final = 5.0
"""Places in a queue are published anew this often at most."""
EXACT_PLACES: Final = 50
"""Up to this place numbers are exact, and who holds the slots is said."""
_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000, 86400)
"""Seconds that a slot is held, as they are published: else every second would be news for all."""
_NEVER: Final = float("-inf")


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Slots of a class, and who holds one."""

    slots: int
    holders: Collection[SlotRequest]


class Standings:
    """What was published last of one class's queue."""

    def __init__(self) -> None:
        self._published: dict[Order, Standing] = {}
        self._published_at = _NEVER
        self._seconds_held: list[int] = []

    def of(self, order: Order, now: Occupancy) -> Standing:
        """Its standing; of one that has come since, only what holds for all."""
        unplaced = Standing(slots=now.slots, taken=len(now.holders))
        return self._published.get(order, unplaced)

    def publish(self, queue: QueueOrder, now: Occupancy, at: Moment) -> set[str]:
        """Number all that wait anew, where that is due; uids of those for whom it is news."""
        if at.clock < self._published_at + PUBLISH_SECONDS or not now.slots:
            return set()
        if not (queue.length or self._published):
            return set()
        seconds = [_seconds_held(held.since, at.now) for held in now.holders]
        if not queue.changed and seconds == self._seconds_held:
            return set()
        before, self._published = self._published, dict(_standings(queue, now, at.now))
        self._published_at, self._seconds_held = at.clock, seconds
        queue.changed = False
        return {
            order.uid
            for order, standing in self._published.items()
            if before.get(order) != standing
        }

    def rest(self) -> None:
        """Nobody waits or holds: of those who have gone nothing is kept."""
        self._seconds_held.clear()


def _standings(
    queue: QueueOrder, now: Occupancy, moment: datetime
) -> Iterator[tuple[Order, Standing]]:
    count, taken, namespaces = queue.length, len(now.holders), queue.namespaces()
    own = _holders_by_namespace(now.holders, moment)
    shared = queue.shared()
    far: dict[tuple[int, bool], Standing] = {}
    length, is_long = _rounded(count), count > EXACT_PLACES
    for place, order in enumerate(queue.in_order(), start=1):
        if place > EXACT_PLACES:
            at = (_rounded(place), order.namespace in shared)
            if at not in far:
                far[at] = Standing(
                    at[0],
                    length,
                    far=True,
                    is_long=is_long,
                    slots=now.slots,
                    taken=taken,
                    namespaces=namespaces,
                    shared=at[1],
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
                slots=now.slots,
                taken=taken,
                holders=holders,
                others=taken - len(holders),
                namespaces=namespaces,
                shared=order.namespace in shared,
            ),
        )


def _holders_by_namespace(
    holders: Collection[SlotRequest], moment: datetime
) -> dict[str, tuple[Holder, ...]]:
    found: dict[str, list[Holder]] = {}
    for held in holders:
        seconds = _seconds_held(held.since, moment)
        found.setdefault(held.order.namespace, []).append(
            Holder(held.order.run, held.stage, seconds)
        )
    return {
        namespace: tuple(sorted(own, key=lambda h: (-h.seconds, h.run, h.stage)))
        for namespace, own in found.items()
    }


def _seconds_held(since: datetime | None, now: datetime) -> int:
    held = (now - since).total_seconds() if since is not None else 0.0
    return max((step for step in _STEPS if step <= held), default=0)


def _rounded(number: int) -> int:
    """To one digit, downwards, where it is far back."""
    if number <= EXACT_PLACES:
        return number
    unit = 10 ** (len(str(number)) - 1)
    return number // unit * unit
