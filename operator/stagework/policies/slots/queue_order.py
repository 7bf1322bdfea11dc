"""Who comes next in the queue of one class? Priority, then round robin of namespaces, then age."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from stagework.policies.slots.request import Order

_NEVER: Final = float("-inf")


@dataclass
class _Level:
    """Those of one priority, by namespace, and whose turn it is among these."""

    waiting: dict[str, list[Order]] = field(default_factory=dict[str, list[Order]])
    rota: list[tuple[float, Order]] = field(default_factory=list[tuple[float, Order]])
    """The first of each namespace, by when that was served last."""


class QueueOrder:
    """Who waits for one class, in order."""

    def __init__(self) -> None:
        self._levels: dict[int, _Level] = {}
        self._served: dict[str, float] = {}
        self._front: frozenset[Order] | None = None
        self.length = 0
        """How many wait."""
        self.changed = True
        """Since its places were last published."""

    def add(self, order: Order) -> None:
        """It waits from now on."""
        level = self._levels.setdefault(order.urgency, _Level())
        own = level.waiting.setdefault(order.namespace, [])
        self._leave_rota(level, own)
        insort(own, order)
        self._enter_rota(level, own)
        self._note(1)

    def discard(self, order: Order) -> None:
        """It waits no more, if it did."""
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
        """Who comes next; None where nobody waits."""
        return self._levels[min(self._levels)].rota[0][1] if self._levels else None

    def namespaces(self) -> int:
        """How many namespaces wait."""
        return len({name for level in self._levels.values() for name in level.waiting})

    def in_order(self) -> Iterator[Order]:
        """All that wait, as they would come if nobody joined them."""
        for urgency in sorted(self._levels):
            level = self._levels[urgency]
            lists = [level.waiting[first.namespace] for _, first in level.rota]
            at = 0
            while lists:
                yield from (own[at] for own in lists)
                at += 1
                lists = [own for own in lists if len(own) > at]

    def is_near(self, order: Order, places: int) -> bool:
        """Whether it is among the first so many."""
        if self._front is None:
            self._front = frozenset(islice(self.in_order(), places))
        return order in self._front

    def resized(self) -> None:
        """There are more slots now, or fewer."""
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
