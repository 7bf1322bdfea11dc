"""What RunNow and SkipNext change: what runs next, and what does not.

Both are recorded first, in the write that notes the request; what follows is done then. The command
line judges by the same code before it asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stagework.api.intervention import Intervention, InterventionSpec
from stagework.api.judgement import Judgement, refused_whole
from stagework.api.kinds import RUN_NOW, SCHEDULEDJOB
from stagework.api.scheduledjob import (
    INSTANCES_MAX,
    SKIPS_MAX,
    QueuedRun,
    ScheduledJobSpec,
    ScheduledJobStatus,
)
from stagework.children.slot_run import asked_run_name
from stagework.policies.schedules.moments import local_text
from stagework.policies.schedules.room import NoRoom, room_for
from stagework.policies.schedules.timetable import NoTimetable, Timetable

NO_ROOM: Final = "MaxInstancesReached"
"""As many of its runs are at work as may be."""
NOTHING_TO_SKIP: Final = "NothingToSkip"
"""It has no slot to come, or is suspended."""
TOO_MANY_SKIPS: Final = "TooManySkips"
"""As many slots as can be are marked to be skipped already."""
TAKES_NO_STAGES: Final = "TakesNoStages"
"""Stages were named: a schedule has none."""
A_RUN: Final = "a run"


@dataclass(frozen=True)
class ScheduleVerbs:
    """The verbs of a ScheduledJob, at one moment."""

    name: str
    spec: ScheduledJobSpec
    timetable: Timetable | NoTimetable
    now: datetime

    @property
    def words(self) -> Sequence[str]:
        """The verbs that the kind takes."""
        return SCHEDULEDJOB.verbs

    def judge(self, spec: InterventionSpec, state: ScheduledJobStatus) -> Judgement:
        """What the request would change, or why not."""
        if spec.stages:
            return refused_whole(TAKES_NO_STAGES)
        if spec.verb == RUN_NOW:
            return refused_whole(NO_ROOM) if self._full(state) else Judgement(affected=(A_RUN,))
        if len(state.skipSlots) >= SKIPS_MAX:
            return refused_whole(TOO_MANY_SKIPS)
        slot = self.next_slot(state)
        if slot is None or isinstance(self.timetable, NoTimetable):
            return refused_whole(NOTHING_TO_SKIP)
        return Judgement(affected=(local_text(slot, self.timetable.zone),))

    def apply(
        self, request: Intervention, judgement: Judgement, state: ScheduledJobStatus
    ) -> ScheduledJobStatus:
        """The status after what the judgement allows."""
        del judgement
        if request.spec.verb == RUN_NOW:
            run = {
                "name": asked_run_name(self.name, request.metadata.uid),
                "slot": request.metadata.creationTimestamp,
            }
            return state.evolve(queuedRuns=[QueuedRun.unchecked(run), *state.queuedRuns])
        slot = self.next_slot(state)
        return state if slot is None else state.evolve(skipSlots=[*state.skipSlots, slot])

    def next_slot(self, state: ScheduledJobStatus) -> datetime | None:
        """The next slot that is to run."""
        if self.spec.suspend or isinstance(self.timetable, NoTimetable):
            return None
        moments = (self.now, state.countsFrom, state.lastScheduleTime)
        after = max(moment for moment in moments if moment is not None)
        slots = self.timetable.upcoming(after, SKIPS_MAX + 1)
        return next((slot for slot in slots if slot not in state.skipSlots), None)

    def _full(self, state: ScheduledJobStatus) -> bool:
        room = room_for(
            self.spec.onOverlap,
            active=len(state.activeRuns),
            waiting=len(state.queuedRuns),
            max_instances=self.spec.maxInstances,
            max_waiting=INSTANCES_MAX,
        )
        return isinstance(room, NoRoom)
