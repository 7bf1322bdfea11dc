"""What has happened to a stage from one status to the next, asked of the pair of both.

The operator's facts (and so events, metrics and urgency) and the monitor's lines are read from it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.stage_status import StageStatus

_PASSING: Final = ("", names.WAIT_DEPENDENCY, names.WAIT_POD)
"""Of a stage that waits as it should: its turn has not come, or Kubernetes is at it."""


@dataclass(frozen=True, slots=True)
class StageTransition:
    """A stage as it was and as it is; nothing of it need differ."""

    before: StageStatus | None
    """None: nothing was said of it. Then it waits for its first attempt."""
    after: StageStatus

    @property
    def state_changed(self) -> bool:
        """It has another state."""
        before = self.before.state if self.before is not None else names.STAGE_WAITING
        return self.after.state != before

    @property
    def attempt_changed(self) -> bool:
        """It is at another attempt, or back at the first."""
        before = self.before.attempt if self.before is not None else 1
        return self.after.attempt != before

    @property
    def verdict_changed(self) -> bool:
        """A verdict was recorded, or what it demands has been done."""
        before = self.before.stopping if self.before is not None else None
        return self.after.stopping != before

    @property
    def started(self) -> bool:
        """Its container runs now, and did not before its machine was away."""
        runs = self.state_changed and self.after.state == names.STAGE_RUNNING
        return runs and not (self.back and self.after.startTime == self._start_before)

    @property
    def deferred(self) -> bool:
        """It is put off, since what it needs is away."""
        return self.state_changed and self.after.deferred

    @property
    def away(self) -> bool:
        """The machine on which it has begun is away."""
        return self.state_changed and self.after.away

    @property
    def back(self) -> bool:
        """That machine is back, and it goes on."""
        was_away = self.before is not None and self.before.away
        return was_away and self.after.active and not (self.after.away or self.attempt_changed)

    @property
    def stuck(self) -> bool:
        """It cannot start, as it has turned out."""
        return self.state_changed and self.after.stuck

    @property
    def ended(self) -> bool:
        """It needs nothing more now."""
        return self.state_changed and self.after.ended

    @property
    def held_up_anew(self) -> bool:
        """It waits, or cannot start, for another reason than before; what passes is none."""
        after, before = self.after, self.before.reason if self.before is not None else ""
        held_up = after.waiting or after.deferred or after.stuck or after.away
        return held_up and after.reason not in (before, *_PASSING)

    @property
    def _start_before(self) -> datetime | None:
        return self.before.startTime if self.before is not None else None


def stage_transitions(
    before: Iterable[StageStatus], after: Iterable[StageStatus]
) -> Iterator[StageTransition]:
    """One for each stage of `after`, in that order, but for those that are the very same object."""
    known = {stage.name: stage for stage in before}
    for stage in after:
        old = known.get(stage.name)
        if old is not stage:
            yield StageTransition(old, stage)
