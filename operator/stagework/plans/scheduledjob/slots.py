"""Which slots have come since the last one that was dealt with, and what becomes of each.

In the order of their times, and never back: a slot is dealt with when its run is known by its uid,
when it waits for room, or when it is skipped. One whose run is being made holds back all that
follow, until the next decision.
"""

from dataclasses import dataclass, field
from datetime import datetime

from stagework.api import names
from stagework.api.scheduledjob import (
    INSTANCES_MAX,
    QueuedRun,
    ScheduledJobStatus,
)
from stagework.children.slot_run import slot_of, slot_run_name
from stagework.plans.plan import Event
from stagework.plans.scheduledjob import runs
from stagework.plans.scheduledjob.facts import SlotsMissed
from stagework.plans.scheduledjob.maker import Maker, NameTaken, NotYet, Own
from stagework.policies.schedules.missed import Misfire, Passed, passed
from stagework.policies.schedules.moments import local_text
from stagework.policies.schedules.room import NoRoom, Start, Wait, room_for
from stagework.policies.schedules.timetable import Timetable


def cursor_of(status: ScheduledJobStatus) -> datetime:
    """No slot up to here is asked for any more."""
    moments = (status.countsFrom, status.lastScheduleTime)
    known = [moment for moment in moments if moment is not None]
    if not known:
        raise ValueError("asked before the schedule was seen")
    return max(known)


def recorded(status: ScheduledJobStatus) -> frozenset[str]:
    """Names of all runs that the status lists."""
    return frozenset(
        run.name for run in (*status.activeRuns, *status.endedRuns, *status.queuedRuns)
    )


def adopted(status: ScheduledJobStatus, maker: Maker, until: datetime) -> ScheduledJobStatus:
    """Runs of slots up to there that stand and are not recorded: a crash, or an answer that was
    lost, has left them. They are compared with what we would make, and are its own where they are
    the same.
    """
    schedule = maker.snapshot.schedule.metadata.name
    for name in sorted(maker.snapshot.standing - recorded(status)):
        slot = slot_of(schedule, name)
        if slot is None or slot > until:
            continue
        match maker.make(name, slot):
            case Own(child):
                status = runs.begun(status, child, name, slot, maker.now)
            case _:
                pass
    return status


@dataclass
class Slots:
    """Deals with the slots that have come; used within one decision."""

    timetable: Timetable
    maker: Maker
    status: ScheduledJobStatus
    _dealt: int = field(default=0, init=False)

    def deal(self) -> ScheduledJobStatus:
        """The status after all that can be dealt with now."""
        after = cursor_of(self.status)
        begun = self._begun()
        spec = self.maker.snapshot.schedule.spec
        misfire = Misfire(spec.coalesce, spec.misfireGraceSeconds, spec.jitterSeconds)
        due = passed(
            self.timetable, after, self.maker.now, misfire, is_due=self._is_due, begun=begun
        )
        if due.until is None:
            return self.status
        last: datetime | None = None
        for slot in due.run:
            if not self._deal_with(slot, slot in begun):
                break
            self._dealt += 1
            last = slot
        else:
            self._move_on(due.until, due.skipped.total, _causes(due))
            self._note_missed(due.skipped.missed)
            return self.status
        if last is not None:
            count = self.timetable.count(after, last) - self._dealt
            self._move_on(last, max(0, count), "others stand for them")
            self._note_missed(due.skipped.missed)
        return self.status

    def _is_due(self, slot: datetime) -> bool:
        return self.maker.fires_at(slot) <= self.maker.now

    def _begun(self) -> frozenset[datetime]:
        """Slots whose run was made and is not recorded, or may have been: the answer was lost."""
        snapshot = self.maker.snapshot
        schedule, known = snapshot.schedule.metadata.name, recorded(self.status)
        perhaps = {*snapshot.standing, *snapshot.made.children} - known
        slots = {slot_of(schedule, name) for name in perhaps}
        grace = snapshot.schedule.spec.misfireGraceSeconds
        for slot in (slot_of(schedule, name) for name in snapshot.may_be_made):
            if slot is None:
                continue
            if grace is None or (self.maker.now - slot).total_seconds() <= grace:
                slots.add(slot)
        return frozenset(slot for slot in slots if slot is not None)

    def _deal_with(self, slot: datetime, is_begun: bool) -> bool:
        """False: its run is not known yet."""
        spec, status = self.maker.snapshot.schedule.spec, self.status
        if not is_begun:
            if slot in status.skipSlots:
                self._skip(slot, "a person asked to skip it")
                return True
            room = room_for(
                spec.onOverlap,
                active=len(status.activeRuns) + self.maker.being_made,
                waiting=len(status.queuedRuns),
                max_instances=spec.maxInstances,
                max_waiting=INSTANCES_MAX,
            )
            if not isinstance(room, Start):
                self._without_room(slot, room)
                return True
        name = slot_run_name(self.maker.snapshot.schedule.metadata.name, slot)
        match self.maker.make(name, slot):
            case Own(child):
                self.status = runs.begun(status, child, name, slot, self.maker.now)
                self.maker.note_begun(slot)
            case NameTaken():
                self._skip(
                    slot, f"{self.maker.holder_of(name)} is there already", names.EVENT_SLOT_TAKEN
                )
            case NotYet():
                return False
        return True

    def _without_room(self, slot: datetime, room: Wait | NoRoom) -> None:
        if isinstance(room, NoRoom):
            at_work = ", ".join(run.name for run in self.status.activeRuns[:3])
            what = {
                "MaxInstances": f"its runs are still at work: {at_work}",
                "QueueFull": "as many slots as can be wait for room already",
            }
            self._skip(slot, what[room.reason])
            return
        name = slot_run_name(self.maker.snapshot.schedule.metadata.name, slot)
        entry = QueuedRun.unchecked({"name": name, "slot": slot})
        self.status = self.status.evolve(queuedRuns=[*self.status.queuedRuns, entry])

    def _skip(self, slot: datetime, why: str, reason: str = names.EVENT_SLOTS_SKIPPED) -> None:
        self.status = runs.skipped(self.status, 1)
        text = f"the slot {local_text(slot, self.timetable.zone)} gets no run: {why}"
        self.maker.builder.events.append(Event(reason, text, "Warning"))

    def _note_missed(self, count: int) -> None:
        if count:
            self.status = self.status.evolve(lastMissedTime=self.maker.now.replace(microsecond=0))
            self.maker.builder.facts.append(SlotsMissed(count))

    def _move_on(self, to: datetime, skipped: int, causes: str) -> None:
        status = runs.skipped(self.status, skipped)
        skips = [slot for slot in status.skipSlots if slot > to]
        self.status = status.evolve(lastScheduleTime=to, skipSlots=skips)
        if skipped:
            text = f"{skipped} slots up to {local_text(to, self.timetable.zone)} get no run: "
            self.maker.builder.events.append(
                Event(names.EVENT_SLOTS_SKIPPED, text + causes, "Warning")
            )


def _causes(due: Passed) -> str:
    skipped = due.skipped
    parts = (
        (skipped.late, "later than misfireGraceSeconds"),
        (skipped.coalesced, "another one stands for them (coalesce)"),
        (skipped.beyond_limit, "more than are run after the fact"),
    )
    text = ", ".join(f"{count} {cause}" for count, cause in parts if count)
    return f"{text}; there were more, which are not counted" if skipped.is_lower_bound else text
