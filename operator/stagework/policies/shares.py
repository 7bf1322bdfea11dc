"""May one more be at work now? So many are in all, and so many of each who asks.

Requests, connections, followers or bytes; who asks is a namespace, an address or a user.
"""

from collections import Counter


class Shares:
    """What is taken of `total`, by whom; of it nobody takes more than `of_one`."""

    def __init__(self, total: int, of_one: int) -> None:
        self.total = total
        self.of_one = of_one
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """By all together."""
        return self._taken.total()

    def of(self, owner: str) -> int:
        """What this one has taken."""
        return self._taken[owner]

    def take(self, owner: str, amount: int = 1) -> bool:
        """So much more; False: there is no room for it, and nothing is taken."""
        if self.taken + amount > self.total or self.of(owner) + amount > self.of_one:
            return False
        self._taken[owner] += amount
        return True

    def give_back(self, owner: str, amount: int = 1) -> None:
        """So much of this one's is free again."""
        self._taken[owner] -= amount
        if not self._taken[owner]:
            del self._taken[owner]

    def hand_over(self, owner: str, to: str) -> None:
        """One of it goes on as another's, however much that one has."""
        self.give_back(owner)
        self._taken[to] += 1
