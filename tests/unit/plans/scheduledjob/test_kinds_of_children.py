"""Whatever kind a slot's child is of, it is made, counted and removed by the same rules."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from stagework.api.scheduledjob import ScheduledJobStatus
from stagework.children.task_job import TaskDefaults
from stagework.plans.made import Made, MadeChildren
from stagework.plans.plan import Create, Delete, Purpose
from stagework.plans.scheduledjob.plan import plan
from stagework.plans.scheduledjob.snapshot import RunSeen, SchedulePlan, Snapshot
from tests.support.builders.schedules import CREATED, NAMESPACE, make_schedule

HOURLY = {"cron": "0 * * * *"}
ONE = CREATED + timedelta(hours=1)
NAME = "nightly-20260101t010000"
DEFAULTS = TaskDefaults(NAMESPACE, "stagework/operator:1", "IfNotPresent", "stagework")
TEMPLATES: dict[str, dict[str, Any]] = {
    "PipelineJob": {"pipelineJob": {"pipelineRef": {"name": "a"}}},
    "Batch": {"batch": {"pipelineRef": {"name": "a"}, "items": {"inline": [{"id": "x"}]}}},
    "Job": {"task": {"name": "health_check"}},
}
KINDS = pytest.mark.parametrize("kind", TEMPLATES)


def snapshot(kind: str, *, status: ScheduledJobStatus | None = None, **more: Any) -> Snapshot:
    spec: dict[str, Any] = {"template": TEMPLATES[kind], "successfulJobsHistoryLimit": 0}
    return Snapshot(make_schedule(HOURLY, status=status, **spec), tasks=DEFAULTS, **more)


def made(kind: str) -> Made:
    children = MadeChildren()
    children.note(NAME, Purpose(NAME, 1), "uid-1", kind)
    return children.view()


def status_of(decided: SchedulePlan) -> ScheduledJobStatus:
    assert decided.status is not None
    return decided.status


@KINDS
def test_a_slot_gets_one_of_the_kind_that_the_template_has(kind: str) -> None:
    (action,) = plan(snapshot(kind), ONE).actions
    assert isinstance(action, Create)
    assert (action.resource.kind, action.name) == (kind, NAME)
    assert action.manifest["metadata"]["ownerReferences"][0]["name"] == "nightly"


@KINDS
def test_it_is_recorded_counted_and_removed_with_its_kind(kind: str) -> None:
    now, ended = ONE + timedelta(minutes=2), {"uid-1": RunSeen(True, True, 60)}
    began = status_of(plan(snapshot(kind, made=made(kind)), ONE))
    assert [run.uid for run in began.activeRuns] == ["uid-1"]
    after = status_of(plan(snapshot(kind, status=began, runs=ended), now))
    assert after.stats.successfulExecutions == 1
    (action,) = plan(snapshot(kind, status=after, runs=ended, remembered={"uid-1"}), now).actions
    assert isinstance(action, Delete)
    assert (action.target.resource.kind, action.target.uid) == (kind, "uid-1")


def test_one_of_the_kind_that_the_template_had_before_is_removed_as_what_it_is() -> None:
    now, ended = ONE + timedelta(minutes=2), {"uid-1": RunSeen(True, True, 60)}
    began = status_of(plan(snapshot("Batch", made=made("Batch")), ONE))
    after = status_of(plan(snapshot("PipelineJob", status=began, runs=ended), now))
    (action,) = plan(
        snapshot("PipelineJob", status=after, runs=ended, remembered={"uid-1"}), now
    ).actions
    assert isinstance(action, Delete)
    assert action.target.resource.kind == "Batch"


def test_a_slot_that_has_its_child_of_another_kind_gets_no_second_one() -> None:
    there: dict[str, Any] = {"standing": frozenset({NAME}), "of_other_kinds": {NAME: "PipelineJob"}}
    decided = plan(snapshot("Batch", **there), ONE)
    assert decided.actions == ()
    assert status_of(decided).lastScheduleTime == ONE
    (event,) = [event for event in decided.events if event.reason == "SlotTaken"]
    assert f"PipelineJob {NAME} is there already" in event.message


def test_a_task_elsewhere_makes_nothing_and_says_where_it_belongs() -> None:
    elsewhere = replace(DEFAULTS, namespace="stagework-system")
    decided = plan(replace(snapshot("Job"), tasks=elsewhere), ONE)
    status = status_of(decided)
    assert decided.actions == ()
    assert (status.summary, status.nextScheduleTime) == ("InvalidSpec", None)
    assert "make it in namespace stagework-system" in status.message
    assert {c.type: c.status for c in status.conditions} == {"Ready": "False", "Stalled": "True"}


def test_suspended_with_a_fault_it_is_still_known_to_be_suspended() -> None:
    spec: dict[str, Any] = {"template": TEMPLATES["Job"], "suspend": True}
    status = status_of(plan(Snapshot(make_schedule(HOURLY, **spec)), ONE))
    assert status.summary == "Suspended"
    assert "in the namespace of stagework's release" in status.message
