"""Who may ask an endpoint now: places, which namespaces get by turns, and requests a minute."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable

from stagework.model_gateway.errors import RateLimited


class Turns:
    """At most `total` requests at once, `per_namespace` of one; namespaces that wait take turns."""

    def __init__(self, total: int, per_namespace: int) -> None:
        self._free = total
        self._per_namespace = per_namespace
        self._held: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        """The next namespace is in front."""

    async def take(self, namespace: str) -> None:
        """Wait for a place."""
        if not self._waiting and self._may_take(namespace):
            self._grant(namespace)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(namespace, deque()).append(turn)
        self._next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(namespace)
            else:
                self._forget(namespace, turn)
            raise

    def give_back(self, namespace: str) -> None:
        """The request is over."""
        self._free += 1
        self._held[namespace] -= 1
        if not self._held[namespace]:
            del self._held[namespace]
        self._next()

    def _may_take(self, namespace: str) -> bool:
        return self._free > 0 and self._held[namespace] < self._per_namespace

    def _grant(self, namespace: str) -> None:
        self._free -= 1
        self._held[namespace] += 1

    def _next(self) -> None:
        """Give what is free to those who wait, one a namespace in turn."""
        while namespace := next((name for name in self._waiting if self._may_take(name)), ""):
            turns = self._waiting.pop(namespace)
            turn = turns.popleft()
            if turns:
                self._waiting[namespace] = turns
            if not turn.done():  # whoever waited may have been given up
                self._grant(namespace)
                turn.set_result(None)

    def _forget(self, namespace: str, turn: "asyncio.Future[None]") -> None:
        turns = self._waiting.get(namespace)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self._waiting[namespace]


class Budgets:
    """Requests a minute, of one namespace; `clock` in seconds."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, namespace: str) -> None:
        """One request; raises RateLimited, with how long to wait."""
        now, most = self._clock(), float(self._per_minute)
        left, at = self._left.get(namespace, (most, now))
        left = min(most, left + (now - at) * most / 60)
        if left < 1:
            seconds = int((1 - left) * 60 / most) + 1
            text = f"namespace {namespace!r} may ask {self._per_minute} times a minute"
            raise RateLimited(text, str(seconds))
        self._left[namespace] = (left - 1, now)
