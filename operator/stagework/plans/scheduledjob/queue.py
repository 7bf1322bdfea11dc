"""Runs that wait for room are made when there is some; for one that replaces others, those go.

They go once the API server would make the one that waits: a template that is refused ends nothing.
"""

from typing import Final

from stagework.api import names
from stagework.api.scheduledjob import QueuedRun, ScheduledJobStatus
from stagework.children.slot_run import slot_of
from stagework.plans.plan import Event
from stagework.plans.scheduledjob import runs
from stagework.plans.scheduledjob.maker import Maker, NameTaken, NotYet, Own

NAMED: Final = 3
"""So many slots are named in an event."""


def without_paused(status: ScheduledJobStatus, maker: Maker) -> ScheduledJobStatus:
    """A schedule that is suspended lets the slots pass that wait for room; what a person has asked
    for stays, and so does what may have been made already.
    """
    if not maker.snapshot.schedule.spec.suspend:
        return status
    passing = [
        run
        for run in status.queuedRuns
        if _is_of_slot(run, maker) and not maker.may_be_begun(run.name)
    ]
    if not passing:
        return status
    which = ", ".join(run.name for run in passing[:NAMED])
    more = f" and {len(passing) - NAMED} more" if len(passing) > NAMED else ""
    count, why = len(passing), "the schedule was suspended while they waited for room"
    text = f"{count} slots get no run: {why} ({which}{more})"
    maker.builder.events.append(Event(names.EVENT_SLOTS_SKIPPED, text, "Warning"))
    kept = [run for run in status.queuedRuns if run not in passing]
    return runs.skipped(status.evolve(queuedRuns=kept), len(passing))


def with_room(status: ScheduledJobStatus, maker: Maker) -> ScheduledJobStatus:
    """The status after all that can be made now; what is begun is known first."""
    spec = maker.snapshot.schedule.spec
    stored = maker.snapshot.schedule.status.queuedRuns
    for entry in sorted(status.queuedRuns, key=lambda run: not maker.is_begun(run.name)):
        if entry not in stored:
            maker.builder.wake(maker.now)  # it is recorded first
            break
        if not maker.is_begun(entry.name) and not maker.is_taken(entry.name):
            too_many = len(status.activeRuns) + maker.being_made + 1 - spec.maxInstances
            if too_many > 0:
                _make_room(status, entry, too_many, maker)
                break
        match maker.make(entry.name, entry.slot):
            case Own(child):
                status = _without(status, entry)
                status = runs.begun(status, child, entry.name, entry.slot, maker.now)
                if _is_of_slot(entry, maker):
                    maker.note_begun(entry.slot)
            case NameTaken():
                text = f"{maker.holder_of(entry.name)} is there already: no other one is made"
                maker.builder.events.append(Event(names.EVENT_SLOT_TAKEN, text, "Warning"))
                status = runs.skipped(_without(status, entry), 1)
            case NotYet():
                break
    return status


def _make_room(status: ScheduledJobStatus, entry: QueuedRun, too_many: int, maker: Maker) -> None:
    """Which runs are going is seen when they are gone: only then is there room.

    None goes before it is on record, or its slot would run again after a crash.
    """
    if maker.snapshot.schedule.spec.onOverlap != "Replace":
        return
    if not maker.would_be_made(entry.name, entry.slot):
        return
    stored = maker.snapshot.schedule.status.activeRuns
    for run in status.activeRuns[:too_many]:
        if run in stored:
            runs.delete(run, maker.snapshot, maker.builder)
        else:
            maker.builder.wake(maker.now)


def _without(status: ScheduledJobStatus, entry: QueuedRun) -> ScheduledJobStatus:
    return status.evolve(queuedRuns=[other for other in status.queuedRuns if other != entry])


def _is_of_slot(entry: QueuedRun, maker: Maker) -> bool:
    return slot_of(maker.snapshot.schedule.metadata.name, entry.name) is not None
