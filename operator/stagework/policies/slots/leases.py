"""For how long is a grant kept that is not used? It is a lease, and who lets it run out waits.

Times are seconds of a clock that nobody sets.
"""

from typing import Final

from stagework.policies.slots.request import StageKey

LONGEST_PAUSE_SECONDS: Final = 600.0
"""A stage that does not use its turns is left out of the queue for so long at most."""


class Leases:
    """Turns that are not used yet, and who did not use one in time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[StageKey, float] = {}
        self._left_out: dict[StageKey, float] = {}
        """When they are let in again."""
        self._lapses: dict[StageKey, int] = {}

    def given(self, key: StageKey, clock: float, until: float | None = None) -> None:
        """A turn without a Pod; `until`: it is one that was given before."""
        self._until[key] = clock + self._seconds if until is None else until

    def end(self, key: StageKey) -> float | None:
        """It is not waited for any more; when the lease would have run out."""
        self._left_out.pop(key, None)
        return self._until.pop(key, None)

    def forget(self, key: StageKey) -> None:
        """It has used its turn, or is gone: nothing counts against it."""
        self._lapses.pop(key, None)

    def run_out(self, clock: float) -> list[StageKey]:
        """Whose time is over."""
        return [key for key, until in self._until.items() if until <= clock]

    def leave_out(self, key: StageKey, clock: float) -> None:
        """It did not use its turn: it is left out, each time for longer."""
        lapses = self._lapses[key] = self._lapses.get(key, 0) + 1
        self._left_out[key] = clock + min(self._seconds * lapses, LONGEST_PAUSE_SECONDS)

    def let_in(self, clock: float) -> list[StageKey]:
        """Who was left out for long enough."""
        over = [key for key, until in self._left_out.items() if until <= clock]
        for key in over:
            del self._left_out[key]
        return over

    def is_left_out(self, key: StageKey) -> bool:
        """Whether it is left out at this moment."""
        return key in self._left_out
