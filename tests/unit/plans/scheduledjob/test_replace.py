"""`onOverlap: Replace` ends a run only for one that the API server would make."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stagework.api.scheduledjob import ActiveRun, QueuedRun, ScheduledJobStatus
from stagework.children.task_job import TaskDefaults
from stagework.plans.made import MadeChildren
from stagework.plans.plan import Cause, Create, Delete, DryRun, Purpose, Refusal
from stagework.plans.scheduledjob.plan import plan
from stagework.plans.scheduledjob.snapshot import RunSeen, SchedulePlan, Snapshot
from tests.support.builders.schedules import CREATED, NAMESPACE, make_schedule
from tests.support.schedules.world import ScheduleWorld

BEGAN = datetime(2026, 3, 20, tzinfo=UTC)
HOURLY = {"cron": "0 * * * *"}
TWO = CREATED + timedelta(hours=2)
OLD, NEW = "nightly-20260101t010000", "nightly-20260101t020000"
TASK = {"task": {"name": "health_check"}}
Judge = Callable[[Mapping[str, Any]], Refusal | None]


def hours(number: float) -> datetime:
    return BEGAN + timedelta(hours=number)


def endless(refuses: Judge) -> ScheduleWorld:
    """Its runs do not end by themselves."""
    schedule = make_schedule(HOURLY, created=BEGAN, onOverlap="Replace")
    return ScheduleWorld(schedule, BEGAN, lasts=lambda: (1e6, True), refuses=refuses)


def names_there(world: ScheduleWorld) -> list[str]:
    return [name.removeprefix("nightly-") for name in world.runs]


@pytest.mark.parametrize("cause", ["Invalid", "Denied", "Unavailable"])
def test_a_refused_run_ends_nothing_and_the_cause_is_said(cause: Cause) -> None:
    refused = Refusal(cause, "stages may not run here")
    world = endless(lambda _: refused)
    world.go_on(hours(2.5))

    assert names_there(world) == ["20260320t010000"]
    assert (world.status.summary, world.status.message) == ("RunRefused", refused.message)
    assert [run.name for run in world.status.queuedRuns] == ["nightly-20260320t020000"]


def test_once_the_template_is_mended_the_old_one_goes_for_the_new_one() -> None:
    refused = Refusal("Denied", "no such class")
    world = endless(lambda made: None if made["spec"].get("title") else refused)
    world.go_on(hours(2.5))
    world.change(template={"pipelineJob": {"pipelineRef": {"name": "report"}, "title": "mended"}})
    world.go_on(hours(2.6))

    assert names_there(world) == ["20260320t020000"]
    assert (world.status.summary, world.status.stats.failedExecutions) == ("Scheduled", 1)


def test_a_quota_that_the_old_one_uses_up_does_not_save_it() -> None:
    world = endless(lambda _: Refusal("OverQuota", "count/pipelinejobs: used 1, limited 1"))
    world.go_on(hours(2.5))

    assert names_there(world) == ["20260320t020000"]
    assert world.status.summary == "Scheduled"


def waiting(template: dict[str, Any] | None = None, **more: Any) -> Snapshot:
    """One is at work, the next one waits for it to go."""
    status = plan(Snapshot(make_schedule(HOURLY)), TWO - timedelta(hours=1)).status
    assert isinstance(status, ScheduledJobStatus)
    status = status.evolve(
        activeRuns=[ActiveRun(name=OLD, uid="old", slot=TWO - timedelta(hours=1))],
        queuedRuns=[QueuedRun(name=NEW, slot=TWO)],
        lastScheduleTime=TWO,
    )
    spec: dict[str, Any] = {"onOverlap": "Replace", **({"template": template} if template else {})}
    schedule = make_schedule(HOURLY, status=status, **spec)
    return Snapshot(schedule, runs={"old": RunSeen()}, standing=frozenset({OLD}), **more)


def kinds(decided: SchedulePlan) -> list[type]:
    return [type(action) for action in decided.actions]


def test_it_is_asked_first_and_then_the_old_one_goes() -> None:
    assert kinds(plan(waiting(), TWO)) == [DryRun]
    children = MadeChildren()
    children.note_accepted(NEW, Purpose(NEW, 1))
    assert kinds(plan(waiting(made=children.view()), TWO)) == [Delete]


def test_what_was_accepted_of_the_template_before_says_nothing_of_this_one() -> None:
    children = MadeChildren()
    children.note_accepted(NEW, Purpose(NEW, 0))
    assert kinds(plan(waiting(made=children.view()), TWO)) == [DryRun]


def test_a_template_that_cannot_be_ends_nothing_and_asks_nothing() -> None:
    elsewhere = waiting(TASK, tasks=TaskDefaults("other", "", "", ""))
    decided = plan(elsewhere, TWO)
    assert decided.actions == ()
    assert decided.status is not None
    assert decided.status.summary == "InvalidSpec"
    here = waiting(TASK, tasks=TaskDefaults(NAMESPACE, "x", "", "stagework"))
    assert kinds(plan(here, TWO)) == [DryRun]


def test_a_name_that_somebody_else_has_ends_nothing() -> None:
    children = MadeChildren()
    children.note_taken(NEW, Purpose(NEW, 1))
    decided = plan(waiting(made=children.view()), TWO)
    assert decided.actions == ()
    assert decided.status is not None
    assert (decided.status.queuedRuns, decided.status.stats.skipped) == ([], 1)


def test_one_that_stands_already_is_taken_over_though_there_is_no_room() -> None:
    children = MadeChildren()
    children.note(NEW, Purpose(NEW, 1), "new", "PipelineJob")
    decided = plan(waiting(made=children.view()), TWO)
    assert Create not in kinds(decided)
    assert decided.status is not None
    assert [run.uid for run in decided.status.activeRuns] == ["old", "new"]
