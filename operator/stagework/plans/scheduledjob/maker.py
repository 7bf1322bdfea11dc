"""Is the run of a slot made? If not, it is now: act first, then record.

The answer to the create tells its uid (`plans/made.py`), which the next decision records: at once,
for it is asked for. Until then nothing of it is in the status, and after a crash the same create
finds it there.
"""

from dataclasses import dataclass
from datetime import datetime

from stagework.plans.made import Child
from stagework.plans.plan import Create, DryRun, PlanBuilder, Purpose, dry_run_of
from stagework.plans.scheduledjob.facts import SlotBegun
from stagework.plans.scheduledjob.snapshot import Snapshot
from stagework.policies.schedules.jitter import jitter
from stagework.policies.schedules.moments import local_text, zone_named


@dataclass(frozen=True)
class Own:
    """It is made."""

    child: Child
    """Its uid and kind."""


@dataclass(frozen=True)
class NotYet:
    """It is being made, or could not be so far."""


@dataclass(frozen=True)
class NameTaken:
    """Another object has its name, for ever as far as we go."""


@dataclass(frozen=True)
class Maker:
    """Makes runs within one decision."""

    snapshot: Snapshot
    builder: PlanBuilder
    now: datetime

    @property
    def being_made(self) -> int:
        """How many runs are asked for in this decision: they will be active."""
        return sum(isinstance(action, Create) for action in self.builder.actions)

    def is_begun(self, name: str) -> bool:
        """Whether it is made, or a run that says so stands."""
        return name in self.snapshot.made.children or name in self.snapshot.standing

    def may_be_begun(self, name: str) -> bool:
        """Likewise, or the answer to its create was lost: it is insisted on."""
        return self.is_begun(name) or name in self.snapshot.may_be_made

    def is_taken(self, name: str) -> bool:
        """Whether another object has its name."""
        return name in self.snapshot.made.taken or name in self.snapshot.of_other_kinds

    def would_be_made(self, name: str, slot: datetime) -> bool:
        """Whether the API server would make it: for it others are ended, which cannot be undone.

        It is asked where that is not known. A quota says nothing against it: what goes for it gives
        back what it needs.
        """
        if self.snapshot.child.fault:
            return False
        create = self._create(name, slot)
        if self.snapshot.made.accepted.get(name) == create.purpose:
            return True
        refusal = self.snapshot.refusals.get(dry_run_of(create.purpose or name))
        if refusal is not None and refusal.cause == "OverQuota":
            return True
        self.builder.actions.append(DryRun(create))
        return False

    def holder_of(self, name: str) -> str:
        """What has the name that is taken, as people say it."""
        other = self.snapshot.of_other_kinds.get(name)
        return f"{other or self.snapshot.child.resource.kind} {name}"

    def fires_at(self, slot: datetime) -> datetime:
        """When the run of a slot is to begin."""
        schedule = self.snapshot.schedule
        return slot + jitter(schedule.metadata.uid, slot, schedule.spec.jitterSeconds)

    def note_begun(self, slot: datetime) -> None:
        """The run of that slot is made; for metrics."""
        lag_seconds = (self.now - self.fires_at(slot)).total_seconds()
        self.builder.facts.append(SlotBegun(max(0.0, lag_seconds)))

    def make(self, name: str, slot: datetime) -> Own | NotYet | NameTaken:
        """The run of that name, for that slot."""
        made = self.snapshot.made
        if (child := made.children.get(name)) is not None:
            return Own(child)
        if self.is_taken(name):
            return NameTaken()
        if self.snapshot.child.fault:
            return NotYet()
        self.builder.actions.append(self._create(name, slot))
        if self.snapshot.refusal_of(name) is None:
            self.builder.wake(self.now)
        return NotYet()

    def _create(self, name: str, slot: datetime) -> Create:
        schedule, template = self.snapshot.schedule, self.snapshot.child
        zone = zone_named(schedule.spec.timeZone) or zone_named("UTC")
        slot_text = local_text(slot, zone) if zone is not None else slot.isoformat()
        manifest = template.manifest(name, slot_text)
        # What is refused of a template says nothing of the next one.
        purpose = Purpose(name, schedule.metadata.generation)
        return Create(
            template.resource,
            name,
            manifest,
            purpose,
            adopt_only=name in self.snapshot.standing,
        )
