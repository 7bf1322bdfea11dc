"""ScheduledJobs, and what one decision about them sees."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stagework.api.base import Metadata
from stagework.api.scheduledjob import ScheduledJob, ScheduledJobSpec, ScheduledJobStatus
from stagework.policies.schedules.timetable import Timetable, timetable_of

NAMESPACE = "ns"
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
TEMPLATE = {"pipelineJob": {"pipelineRef": {"name": "report"}}}


def make_schedule(
    when: Mapping[str, Any],
    *,
    status: ScheduledJobStatus | None = None,
    created: datetime = CREATED,
    generation: int = 1,
    name: str = "nightly",
    namespace: str = NAMESPACE,
    **spec: Any,
) -> ScheduledJob:
    """A ScheduledJob; `when`: its `schedule`."""
    return ScheduledJob(
        metadata=Metadata(
            name=name,
            namespace=namespace,
            uid="uid-of-it",
            resourceVersion="1",
            generation=generation,
            creationTimestamp=created,
        ),
        spec=ScheduledJobSpec.model_validate({"template": TEMPLATE, **spec, "schedule": when}),
        status=status or ScheduledJobStatus(),
    )


def make_timetable(
    when: Mapping[str, Any], *, created: datetime = CREATED, **spec: Any
) -> Timetable:
    """Its slots; fails where it has none."""
    timetable = timetable_of(make_schedule(when, **spec).spec, created)
    assert isinstance(timetable, Timetable), timetable
    return timetable
