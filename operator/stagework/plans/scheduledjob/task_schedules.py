"""Which ScheduledJobs of built-in tasks are to be made, changed and removed in the release.

What the values say wins over what stands there, field by field; what they do not say (such as
`suspend`) is left to people.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from stagework.api.tasks import TASKS, task_object_name
from stagework.children.task_schedule import TaskSchedule

Document = dict[str, Any]


@dataclass(frozen=True)
class Make:
    """It is not there."""

    wanted: TaskSchedule


@dataclass(frozen=True)
class Change:
    """It says something else."""

    name: str
    spec: Document
    """A merge patch of its spec."""


@dataclass(frozen=True)
class Remove:
    """Its task is off."""

    name: str


def due(
    wanted: Iterable[TaskSchedule], stored: Mapping[str, Document]
) -> Iterator[Make | Change | Remove]:
    """`stored`: the specs in the release's namespace, by name."""
    by_name = {schedule.name: schedule for schedule in wanted}
    for task in TASKS:
        name = task_object_name(task)
        schedule, spec = by_name.get(name), stored.get(name)
        if schedule is None:
            if spec is not None:
                yield Remove(name)
        elif spec is None:
            yield Make(schedule)
        elif difference := merge_patch(spec, schedule.spec()):
            yield Change(name, difference)


def merge_patch(stored: Document, wanted: Document) -> Document:
    """What makes the fields of `stored` that `wanted` has the same, and leaves all others."""
    return {
        key: _patch(stored.get(key), value)
        for key, value in wanted.items()
        if stored.get(key) != value
    }


def _patch(stored: Any, wanted: Any) -> Any:
    """Below the first fields all of it counts: what is there and not wanted goes."""
    if not isinstance(stored, dict) or not isinstance(wanted, dict):
        return wanted
    old, new = cast("Document", stored), cast("Document", wanted)
    gone = dict.fromkeys(old.keys() - new.keys())
    return {**gone, **{key: _patch(old.get(key), new[key]) for key in new}}
