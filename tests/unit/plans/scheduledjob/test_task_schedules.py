"""Which schedules of built-in tasks are made, changed and removed: what the values say wins."""

from typing import Any

import pytest

from stagework.children.task_schedule import TaskSchedule
from stagework.plans.scheduledjob.task_schedules import Change, Make, Remove, due

BACKUP = TaskSchedule("backup", "0 3 * * 0", "UTC", {"keep": 4})
NAME = "stagework-task-backup"
SPEC = BACKUP.spec()


def changed(**fields: Any) -> list[Any]:
    return list(due([BACKUP], {NAME: {**SPEC, **fields}}))


def test_one_that_is_not_there_is_made() -> None:
    assert list(due([BACKUP], {"other": {}})) == [Make(BACKUP)]


def test_one_whose_task_is_off_goes_and_others_stay() -> None:
    assert list(due([], {NAME: SPEC, "stagework-task-mine": {}, "other": {}})) == [Remove(NAME)]


def test_one_that_is_as_it_should_be_is_left_alone_with_what_people_have_set() -> None:
    assert changed() == []
    assert changed(suspend=True, misfireGraceSeconds=60) == []


@pytest.mark.parametrize(
    ("fields", "patch"),
    [
        ({"timeZone": "Asia/Seoul"}, {"timeZone": "UTC"}),
        (
            {"schedule": {"intervalSeconds": 5}},
            {"schedule": {"intervalSeconds": None, "cron": "0 3 * * 0"}},
        ),
        (
            {"template": {"task": {"name": "backup", "jobData": {"keep": 9, "target": "s3"}}}},
            {"template": {"task": {"name": "backup", "jobData": {"target": None, "keep": 4}}}},
        ),
        (
            {"template": {"pipelineJob": {"pipelineRef": {"name": "x"}}}},
            {
                "template": {
                    "pipelineJob": None,
                    "task": {"name": "backup", "jobData": {"keep": 4}},
                }
            },
        ),
    ],
)
def test_what_differs_is_changed_and_what_is_too_much_goes(
    fields: dict[str, Any], patch: dict[str, Any]
) -> None:
    assert changed(**fields) == [Change(NAME, patch)]
