"""All that one decision about a ScheduledJob reads, frozen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

from stagework.api.intervention import Intervention
from stagework.api.scheduledjob import ScheduledJob, ScheduledJobStatus
from stagework.children.slot_child import SlotChild, slot_child
from stagework.children.task_job import TaskDefaults
from stagework.plans.made import NOTHING_MADE, Made
from stagework.plans.plan import ActionKey, Plan, Purpose, Refusal, creation
from stagework.policies.schedules.timetable import NoTimetable, Timetable, timetable_of

SchedulePlan = Plan[ScheduledJobStatus]
NO_TASKS: Final = TaskDefaults("", "", "", "")
"""No namespace is the release's."""


@dataclass(frozen=True)
class RunSeen:
    """What can be seen of a run: of what was made for a slot, whatever kind it is of."""

    ended: bool = False
    succeeded: bool = False
    seconds: int = 0
    """From its begin to its end."""
    ended_at: datetime | None = None
    """None: it has not ended, or does not say when."""
    leaving: bool = False
    """It is being deleted."""


@dataclass(frozen=True)
class Snapshot:
    """One ScheduledJob and its runs."""

    schedule: ScheduledJob
    runs: Mapping[str, RunSeen] = field(default_factory=dict[str, RunSeen])
    """The runs that its status records and that are there, by uid."""
    gone: frozenset[str] = frozenset()
    """Uids of recorded runs that the API server itself does not have; of those that are neither
    here nor there nothing is known yet."""
    remembered: Collection[str] = frozenset()
    """Uids of runs of which history has acknowledged all that has happened so far."""
    standing: frozenset[str] = frozenset()
    """Names of runs that are there and say that it controls them; no more than a hint."""
    of_other_kinds: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those of them that are of another kind than the template makes now, and which."""
    interventions: tuple[Intervention, ...] = ()
    """What people ask of it, oldest first."""
    made: Made = NOTHING_MADE
    refusals: Mapping[ActionKey, Refusal] = field(default_factory=dict[ActionKey, Refusal])
    tasks: TaskDefaults = NO_TASKS
    """What the Jobs of built-in tasks are made of."""

    @cached_property
    def timetable(self) -> Timetable | NoTimetable:
        """Its slots, as it is written."""
        return timetable_of(self.schedule.spec, self.schedule.metadata.creationTimestamp)

    @cached_property
    def child(self) -> SlotChild:
        """What is made for a slot, as its template is written."""
        return slot_child(self.schedule, self.tasks)

    def refusal_of(self, run: str) -> Refusal | None:
        """Why that run could not be made so far, as the schedule is written now."""
        return self.refusals.get(creation(run, self.schedule.metadata.generation))

    @cached_property
    def may_be_made(self) -> frozenset[str]:
        """Names of runs whose create got no answer that says whether they are made."""
        return frozenset(
            action.about.name
            for action, refusal in self.refusals.items()
            if action.verb == "create"
            and isinstance(action.about, Purpose)
            and refusal.cause == "Unavailable"
        )

    @property
    def deleted(self) -> datetime | None:
        """Since when it is being deleted."""
        return self.schedule.metadata.deletionTimestamp
