"""Who comes next in the queue of one class?

Priority, then round robin of namespaces, in a namespace round robin of its batches, then age.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

from stagework.policies.slots.request import Order

TURNS_KEPT: Final = 1000
"""Of so many batches and namespaces that do not wait now is known when they were served."""
_NEVER: Final = float("-inf")

_Batches = dict[str, list[Order]]
"""Those of one namespace that wait, by batch; runs of none are one together."""
_Party = tuple[str, ...]
"""Who takes turns: a namespace; or a namespace and a batch."""

ItemT = TypeVar("ItemT")


class QueueOrder:
    """Who waits for one class, in order."""

    def __init__(self) -> None:
        self._levels: dict[int, dict[str, _Batches]] = {}
        """By priority, then namespace; none is empty."""
        self._served: dict[_Party, float] = {}
        self._front: frozenset[Order] | None = None
        self.length = 0
        """How many wait."""
        self.changed = True
        """Since its places were last published."""

    def add(self, order: Order) -> None:
        """It waits from now on."""
        level = self._levels.setdefault(order.urgency, {})
        insort(level.setdefault(order.namespace, {}).setdefault(order.batch, []), order)
        self._note(1)

    def discard(self, order: Order) -> None:
        """It waits no more, if it did."""
        level = self._levels.get(order.urgency, {})
        batches = level.get(order.namespace, {})
        own = batches.get(order.batch, [])
        at = bisect_left(own, order)
        if own[at : at + 1] != [order]:
            return
        del own[at]
        if not own:
            del batches[order.batch]
        if not batches:
            del level[order.namespace]
        if not level:
            del self._levels[order.urgency]
        self._note(-1)

    def served(self, order: Order, at: float) -> None:
        """A slot went there: it is the turn of other namespaces, and of others in its own."""
        for party in ((order.namespace,), (order.namespace, order.batch)):
            self._served[party] = max(at, self._served.get(party, _NEVER))
        if len(self._served) > 2 * TURNS_KEPT:
            self._forget_oldest()
        self._note(0)

    def head(self) -> Order | None:
        """Who comes next; None where nobody waits."""
        if not self._levels:
            return None
        level = self._levels[min(self._levels)]
        namespace = min(level, key=self._turn_of_namespace)
        return min(level[namespace].values(), key=self._turn_of_batch)[0]

    def namespaces(self) -> int:
        """How many namespaces wait."""
        return len({name for level in self._levels.values() for name in level})

    def shared(self) -> frozenset[str]:
        """Namespaces of which more than one batch waits, or one beside runs of none."""
        batches: dict[str, set[str]] = {}
        for level in self._levels.values():
            for namespace, own in level.items():
                batches.setdefault(namespace, set()).update(own)
        return frozenset(namespace for namespace, own in batches.items() if len(own) > 1)

    def in_order(self) -> Iterator[Order]:
        """All that wait, as they would come if nobody joined them."""
        for urgency in sorted(self._levels):
            level = self._levels[urgency]
            yield from _in_turn(
                _in_turn(sorted(level[namespace].values(), key=self._turn_of_batch))
                for namespace in sorted(level, key=self._turn_of_namespace)
            )

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

    def _turn_of_namespace(self, namespace: str) -> tuple[float, str]:
        return self._served.get((namespace,), _NEVER), namespace

    def _turn_of_batch(self, own: list[Order]) -> tuple[float, Order]:
        return self._served.get((own[0].namespace, own[0].batch), _NEVER), own[0]

    def _forget_oldest(self) -> None:
        """A batch does not come back for ever; whoever was served so long ago is next anyway."""
        kept = sorted(self._served, key=lambda party: self._served[party])[-TURNS_KEPT:]
        self._served = {party: self._served[party] for party in kept}

    def _note(self, more: int) -> None:
        self.length += more
        self.changed = True
        self._front = None


def _in_turn(groups: Iterable[Iterable[ItemT]]) -> Iterator[ItemT]:
    """One of each group, then a second one of each, while there are any."""
    left = [iter(group) for group in groups]
    while left:
        still: list[Iterator[ItemT]] = []
        for group in left:
            for item in islice(group, 1):
                yield item
                still.append(group)
        left = still
