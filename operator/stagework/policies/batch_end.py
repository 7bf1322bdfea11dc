"""How has a batch ended, of which nothing is left to run?

1. More items have failed than `maxFailedItems` allows. 2. A person stopped it, and items are left
that nobody has run. 3. All have failed. 4. Else it is completed, with failures or without.
"""

from dataclasses import dataclass

from stagework.api import names
from stagework.api.conditions import Status


@dataclass(frozen=True)
class Counts:
    """Items of a batch."""

    total: int
    done: int
    failed: int
    skipped: int

    @property
    def handled(self) -> int:
        """Those of which it is known what has become of them."""
        return self.done + self.failed + self.skipped


def end_of(counts: Counts, *, too_many: bool, stopped: bool) -> tuple[Status, str]:
    """The status of `Succeeded` and its reason."""
    if too_many:
        return "False", names.TOO_MANY_FAILED_ITEMS
    if stopped and (counts.handled < counts.total or not counts.total):
        return "False", names.STOPPED
    if counts.failed and not (counts.done or counts.skipped):
        return "False", names.NOTHING_DONE
    return "True", names.COMPLETED_WITH_FAILURES if counts.failed else names.COMPLETED
