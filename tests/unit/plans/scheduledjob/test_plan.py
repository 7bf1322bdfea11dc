"""Single decisions: what is believed, what is said, and when it comes round again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stagework.api.scheduledjob import ActiveRun, EndedRun, QueuedRun, ScheduledJobStatus
from stagework.plans.made import MadeChildren
from stagework.plans.plan import ActionKey, Create, Delete, Purpose, Refusal, creation
from stagework.plans.scheduledjob.facts import SlotBegun, SlotsMissed
from stagework.plans.scheduledjob.plan import not_readable, plan
from stagework.plans.scheduledjob.runs import ENDED_MAX, WAITING_MAX
from stagework.plans.scheduledjob.snapshot import RunSeen, SchedulePlan, Snapshot
from tests.support.builders.schedules import CREATED, make_schedule

HOURLY = {"cron": "0 * * * *"}
ONE = CREATED + timedelta(hours=1)
NAME = "nightly-20260101t010000"


def snapshot(when: dict[str, Any] = HOURLY, **spec: Any) -> Snapshot:
    return Snapshot(make_schedule(when, **spec))


def made(name: str = NAME, uid: str = "uid-1") -> Any:
    children = MadeChildren()
    children.note(name, Purpose(name, 1), uid)
    return children.view()


def status_of(decided: SchedulePlan) -> ScheduledJobStatus:
    assert decided.status is not None
    return decided.status


def names(decided: SchedulePlan) -> list[str]:
    return [action.name for action in decided.actions if isinstance(action, Create)]


def test_a_slot_that_is_not_there_yet_is_waited_for() -> None:
    decided = plan(snapshot(), CREATED)
    assert (decided.actions, decided.wake_at) == ((), ONE)
    assert status_of(decided).nextScheduleTime == ONE
    assert status_of(decided).summary == "Scheduled"


def test_jitter_puts_off_the_run_and_not_its_name() -> None:
    decided = plan(snapshot(jitterSeconds=1800), CREATED)
    assert decided.wake_at is not None
    assert ONE <= decided.wake_at <= ONE + timedelta(minutes=30)
    late = plan(snapshot(jitterSeconds=1800), ONE + timedelta(minutes=30))
    assert names(late) == [NAME]


def test_a_run_is_on_record_only_when_its_uid_is_known() -> None:
    first = plan(snapshot(), ONE)
    assert names(first) == [NAME]
    assert first.wake_at == ONE, "at once"
    assert status_of(first).activeRuns == []
    assert status_of(first).lastScheduleTime is None
    then = status_of(plan(replace(snapshot(), made=made()), ONE))
    assert [(run.name, run.uid) for run in then.activeRuns] == [(NAME, "uid-1")]
    assert (then.lastScheduleTime, then.stats.totalExecutions) == (ONE, 1)


@pytest.mark.parametrize("jitter_seconds", [0, 600])
def test_how_late_a_run_is_counts_from_its_slot_and_jitter(jitter_seconds: int) -> None:
    known = replace(snapshot(jitterSeconds=jitter_seconds), made=made())
    (due,) = [plan(snapshot(jitterSeconds=jitter_seconds), CREATED).wake_at]
    assert due is not None
    assert plan(known, due + timedelta(seconds=7)).facts == (SlotBegun(7.0),)
    assert plan(snapshot(), ONE).facts == (), "it is not made yet"


def test_slots_that_were_too_late_are_missed_and_those_that_coalesce_are_not() -> None:
    later = ONE + timedelta(hours=3, minutes=10)
    late = plan(snapshot(misfireGraceSeconds=60), later)
    assert late.facts == (SlotsMissed(4),)
    assert status_of(late).lastMissedTime == later
    coalesced = plan(replace(snapshot(), made=made("nightly-20260101t040000")), later)
    assert status_of(coalesced).stats.skipped == 3
    assert status_of(coalesced).lastMissedTime is None


def test_how_late_is_known_of_slots_that_waited_for_room_and_not_of_what_a_person_asked() -> None:
    before = status_of(plan(snapshot(maxInstances=2), CREATED))
    queued = [QueuedRun(name=name, slot=ONE) for name in (NAME, "nightly-now-1")]
    schedule = make_schedule(HOURLY, status=before.evolve(queuedRuns=queued), maxInstances=2)
    children = MadeChildren()
    for name in (NAME, "nightly-now-1"):
        children.note(name, Purpose(name, 1), f"u-{name}")
    decided = plan(Snapshot(schedule, made=children.view()), ONE - timedelta(minutes=1))
    assert len(status_of(decided).activeRuns) == 2
    assert decided.facts == (SlotBegun(0.0),), "a clock that was set back makes none early"


def test_a_run_that_only_says_that_it_is_ours_counts_for_nothing() -> None:
    forged = replace(snapshot(maxInstances=1), standing=frozenset({"nightly-x", NAME}))
    decided = plan(forged, CREATED + timedelta(minutes=30))
    assert decided.actions == ()
    assert status_of(decided).activeRuns == []
    due = plan(forged, ONE)
    assert names(due) == [NAME], "what stands is compared with what we would make"


def test_one_that_is_refused_says_why_and_waits_for_its_next_try() -> None:
    refusals = {creation(NAME, 1): Refusal("OverQuota", "no more runs here")}
    decided = plan(replace(snapshot(), refusals=refusals), ONE)
    status = status_of(decided)
    assert (status.summary, status.message) == ("RunRefused", "no more runs here")
    words = {c.type: c.status for c in status.conditions}
    assert words == {"Ready": "False", "Stalled": "False"}, "it passes by itself"
    assert decided.wake_at == ONE + timedelta(hours=1), "the engine brings it round before that"


def paused(**parts: Any) -> Snapshot:
    """A slot waited for room, and so did a person, when it was suspended."""
    spec: dict[str, Any] = {"suspend": True, "onOverlap": "Queue"}
    before = status_of(plan(replace(snapshot(**spec), made=made()), ONE))
    queued = [QueuedRun(name=name, slot=ONE) for name in (NAME, "nightly-now-1")]
    full = before.evolve(queuedRuns=queued, activeRuns=[ActiveRun(name="r", uid="u", slot=ONE)])
    seen = {"u": RunSeen()}
    return Snapshot(make_schedule(HOURLY, status=full, **spec), runs=seen, **parts)


def test_what_waits_for_room_passes_when_it_is_suspended_but_for_a_persons() -> None:
    decided = plan(paused(), ONE)
    status = status_of(decided)
    assert [run.name for run in status.queuedRuns] == ["nightly-now-1"]
    assert status.stats.skipped == 1
    (event,) = decided.events
    assert (event.reason, NAME in event.message) == ("SlotsSkipped", True)


def test_what_may_have_been_made_is_insisted_on_also_when_it_is_suspended() -> None:
    lost = {creation(NAME, 7): Refusal("Unavailable", "no answer")}
    for parts in ({"refusals": lost}, {"standing": frozenset({NAME})}):
        decided = plan(paused(**parts), ONE)
        queued = (decided.status or paused().schedule.status).queuedRuns
        assert [run.name for run in queued] == [NAME, "nightly-now-1"]


def test_a_template_that_is_mended_is_tried_at_once() -> None:
    refusals = {creation(NAME, 1): Refusal("Invalid", "spec.params: too long")}
    before = replace(snapshot(), refusals=refusals)
    assert status_of(plan(before, ONE)).summary == "RunRefused"
    mended = Snapshot(
        make_schedule(HOURLY, generation=2, status=status_of(plan(before, ONE))), refusals=refusals
    )
    decided = plan(mended, ONE + timedelta(minutes=1))
    assert [action.key for action in decided.actions] == [creation(NAME, 2)]
    assert status_of(decided).summary == "Scheduled"


@pytest.mark.parametrize("seen", [RunSeen(True, True, 60), RunSeen(True, False, 60), None])
def test_an_end_is_counted_with_the_record_of_it(seen: RunSeen | None) -> None:
    before = status_of(plan(replace(snapshot(), made=made()), ONE))
    runs = {} if seen is None else {"uid-1": seen}
    schedule = make_schedule(HOURLY, status=before)
    gone = frozenset({"uid-1"} - runs.keys())
    seen_now = Snapshot(schedule, runs=runs, gone=gone, made=made())
    after = status_of(plan(seen_now, ONE + timedelta(minutes=2)))
    succeeded = seen is not None and seen.succeeded
    assert after.stats.successfulExecutions == int(succeeded)
    assert after.stats.failedExecutions == int(not succeeded)
    assert after.stats.averageExecutionSeconds == (60 if succeeded else None)
    assert [run.succeeded for run in after.endedRuns] == ([] if seen is None else [succeeded])
    assert (after.activeRuns, after.active) == ([], 0)


def test_a_run_that_the_cache_does_not_show_is_not_gone() -> None:
    before = status_of(plan(replace(snapshot(), made=made()), ONE))
    now = ONE + timedelta(minutes=2)
    decided = plan(Snapshot(make_schedule(HOURLY, status=before), made=made()), now)
    assert (decided.status, decided.wake_at) == (None, now), "it is asked about at once"


def test_an_ended_run_that_the_cache_does_not_show_is_counted_once() -> None:
    before = status_of(plan(replace(snapshot(), made=made()), ONE))
    ended = Snapshot(make_schedule(HOURLY, status=before), runs={"uid-1": RunSeen(True, True, 60)})
    now = ONE + timedelta(minutes=2)
    counted = status_of(plan(ended, now))
    behind = Snapshot(make_schedule(HOURLY, status=counted))
    assert plan(behind, now).status is None
    back = replace(ended, schedule=behind.schedule, standing=frozenset({NAME}))
    assert plan(back, now).actions == (), "it is on record still"


def test_what_stands_is_adopted_or_nothing() -> None:
    (action,) = plan(replace(snapshot(), standing=frozenset({NAME})), ONE).actions
    assert isinstance(action, Create)
    assert action.adopt_only, "the cache may be behind: a slot that has had its run gets no other"
    (action,) = plan(snapshot(), ONE).actions
    assert isinstance(action, Create)
    assert not action.adopt_only


def test_nothing_is_deleted_before_its_end_is_on_record() -> None:
    spec: dict[str, Any] = {"successfulJobsHistoryLimit": 0}
    before = status_of(plan(replace(snapshot(**spec), made=made()), ONE))
    now, runs = ONE + timedelta(minutes=2), {"uid-1": RunSeen(True, True, 60)}
    schedule = make_schedule(HOURLY, status=before, **spec)
    first = plan(Snapshot(schedule, runs=runs, made=made()), now)
    assert (first.actions, first.wake_at) == ((), now)
    schedule = make_schedule(HOURLY, status=status_of(first), **spec)
    known = Snapshot(schedule, runs=runs, made=made(), remembered={"uid-1"})
    (action,) = plan(known, now).actions
    assert isinstance(action, Delete)
    assert (action.target.name, action.target.uid) == (NAME, "uid-1")
    for other in (RunSeen(), RunSeen(True, True, 60, leaving=True)):
        assert plan(replace(known, runs={"uid-1": other}), now).actions == ()


def with_ended(count: int, *, seen: RunSeen, **spec: Any) -> Snapshot:
    """So many runs have ended, and that is on record."""
    ended = [
        EndedRun(name=f"r{number}", uid=f"u{number}", slot=CREATED, succeeded=True)
        for number in range(count)
    ]
    before = status_of(plan(snapshot(**spec), CREATED))
    schedule = make_schedule(HOURLY, status=before.evolve(endedRuns=ended), **spec)
    return Snapshot(schedule, runs={run.uid: seen for run in ended})


def deleted(decided: SchedulePlan) -> list[str]:
    return [action.target.name for action in decided.actions if isinstance(action, Delete)]


def test_what_is_beyond_the_limits_waits_for_history_an_hour_at_most() -> None:
    known = with_ended(2, seen=RunSeen(True, True, 60, CREATED), successfulJobsHistoryLimit=1)
    at = CREATED + timedelta(minutes=59, seconds=30)
    waits = plan(known, at)
    assert (waits.actions, waits.events) == ((), ())
    assert waits.wake_at == CREATED + timedelta(hours=1)
    assert deleted(plan(replace(known, remembered={"u0"}), at)) == ["r0"]
    missed = plan(known, CREATED + timedelta(hours=1))
    assert deleted(missed) == ["r0"]
    assert [event.reason for event in missed.events] == ["HistoryMissed"]
    assert "r0" in missed.events[0].message


def test_only_so_many_wait_for_history_and_the_oldest_go_without() -> None:
    count = 3 + WAITING_MAX
    seen = RunSeen(True, True, 60, CREATED)
    full = with_ended(count, seen=seen, successfulJobsHistoryLimit=3)
    assert deleted(plan(full, CREATED)) == []
    more = plan(with_ended(count + 2, seen=seen, successfulJobsHistoryLimit=3), CREATED)
    assert deleted(more) == ["r0", "r1"]
    assert [event.reason for event in more.events] == ["HistoryMissed"] * 2


def test_runs_that_cannot_be_deleted_hold_up_the_next_ones_and_it_is_said() -> None:
    seen = RunSeen(True, True, 60, CREATED)
    full = with_ended(ENDED_MAX, seen=seen)
    assert names(plan(full, ONE)) == [NAME]
    refusals = {ActionKey("delete", "u7"): Refusal("Denied", "finalizers are ours")}
    more = replace(with_ended(ENDED_MAX + 1, seen=seen), refusals=refusals)
    decided = plan(more, ONE)
    assert names(decided) == []
    status = status_of(decided)
    assert status.summary == "RunsNotRemoved"
    assert status.message.startswith(f"{ENDED_MAX + 1} runs that have ended are still there: fin")
    assert status.lastScheduleTime is None, "the slot runs later"


def test_a_schedule_that_is_being_deleted_makes_nothing() -> None:
    schedule = make_schedule(HOURLY)
    meta = schedule.metadata.model_copy(update={"deletionTimestamp": ONE})
    going = schedule.model_copy(update={"metadata": meta})
    decided = plan(Snapshot(going), ONE)
    assert (decided.actions, decided.status) == ((), None)


def test_what_cannot_be_read_keeps_all_that_is_known() -> None:
    before = status_of(plan(replace(snapshot(), made=made()), ONE))
    schedule = make_schedule(HOURLY, status=before, generation=2)
    text = "spec.schedule: what is that"
    said = status_of(not_readable(Snapshot(schedule), "NotUnderstood", text, ONE))
    assert (said.summary, said.message, said.observedGeneration) == ("NotUnderstood", text, 2)
    assert said.activeRuns == before.activeRuns
    schedule = make_schedule(HOURLY, status=said, generation=2)
    assert not_readable(Snapshot(schedule), "NotUnderstood", text, ONE).status is None


def test_the_same_is_said_once() -> None:
    status = status_of(plan(snapshot(), CREATED))
    again = plan(Snapshot(make_schedule(HOURLY, status=status)), CREATED + timedelta(minutes=5))
    assert (again.status, again.wake_at) == (None, ONE)


def test_what_has_been_is_never_longer_than_its_bounds() -> None:
    """A full status stays under 32 KB, whatever its names."""
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    name, uid = "n" * 63, "12345678-1234-1234-1234-123456789012"
    run = {"name": name, "uid": uid, "slot": moment, "kind": "Batch"}
    full = ScheduledJobStatus.model_validate(
        {
            "queuedRuns": [{"name": name, "slot": moment}] * 21,
            "activeRuns": [run] * 20,
            "endedRuns": [{**run, "succeeded": True}] * (ENDED_MAX + 20),
            "answered": [{"uid": uid, "affected": 1}] * 20,
            "message": "m" * 512,
            "description": "d" * 512,
        }
    )
    assert len(full.model_dump_json()) < 32 * 1024
