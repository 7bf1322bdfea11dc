"""What is made for a slot: a PipelineJob, a Batch, or the Job of a built-in task, by the template.

All that differs from one to the other is said here, once each; a schedule's plan knows none of it.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic import ValidationError

from stagework.api import names
from stagework.api.base import Resource, explain
from stagework.api.kinds import BATCH, PIPELINEJOB, SCHEDULEDJOB, Kind
from stagework.api.resources import JOBS, ApiResource
from stagework.api.scheduledjob import ScheduledJob, TaskTemplate
from stagework.api.tasks import TASKS
from stagework.children.child_run import Manifest, child_run
from stagework.children.names import label_value
from stagework.children.owner import controlled_by
from stagework.children.task_job import TaskDefaults, TaskJob

NOTHING_GIVEN: Final = "give exactly one of pipelineJob, batch and task in spec.template"
"""The API server refuses such a template."""
_RESOURCES: Final = {made.kind: made for made in (PIPELINEJOB.resource, BATCH.resource, JOBS)}


class SlotChild(Protocol):
    """What a template makes; the same for all its slots but for name and time."""

    @property
    def resource(self) -> ApiResource:
        """Of which kind it is."""
        ...

    @property
    def fault(self) -> str:
        """Why none can be made of this template, and what to change; empty: it can."""
        ...

    def manifest(self, name: str, slot_text: str) -> Manifest:
        """As it is sent to the API server; `slot_text`: the slot's time, with the offset of the
        schedule's time zone.
        """
        ...


@dataclass(frozen=True)
class OfKind:
    """A PipelineJob or a Batch: the template is its spec, and it is given the slot's time."""

    schedule: ScheduledJob
    kind: Kind
    template: dict[str, Any]
    """Its spec, as a person wrote it."""
    fault: str = ""

    @property
    def resource(self) -> ApiResource:
        """That of the kind."""
        return self.kind.resource

    def manifest(self, name: str, slot_text: str) -> Manifest:
        """Of that slot."""
        param = self.schedule.spec.template.slotTimeParam
        spec: Manifest = {**self.template, "slotTime": slot_text}
        if param is not None:
            spec["params"] = {**spec.get("params", {}), param: slot_text}
        meta, labels = self.schedule.metadata, _labels(self.schedule)
        return child_run(SCHEDULEDJOB, meta, name, labels, spec, kind=self.kind)


@dataclass(frozen=True)
class OfTask:
    """The Job of a built-in task, under the task's own account."""

    schedule: ScheduledJob
    task: TaskTemplate
    defaults: TaskDefaults
    resource: ApiResource = JOBS

    @property
    def fault(self) -> str:
        """It is in another namespace, or its data is not as the task wants it."""
        namespace = self.defaults.namespace
        if self.schedule.metadata.namespace != namespace:
            return (
                "spec.template.task stands only in the namespace of stagework's release: make it in"
                f" namespace {namespace}"
            )
        try:
            TASKS[self.task.name].data.model_validate(self.task.jobData)
        except ValidationError as error:
            return f"spec.template.task.jobData of {self.task.name}: {explain(error)}"
        return ""

    def manifest(self, name: str, slot_text: str) -> Manifest:
        """Of that slot."""
        return TaskJob(
            name,
            TASKS[self.task.name],
            self.task.jobData,
            self.defaults,
            owner=controlled_by(SCHEDULEDJOB, self.schedule.metadata),
            slot_time=slot_text,
            labels=_labels(self.schedule),
        ).manifest()


def slot_child(schedule: ScheduledJob, defaults: TaskDefaults) -> SlotChild:
    """What the schedule's template makes."""
    template = schedule.spec.template
    if template.task is not None:
        return OfTask(schedule, template.task, defaults)
    if template.batch is not None:
        return OfKind(schedule, BATCH, _written(template.batch))
    if template.pipelineJob is not None:
        return OfKind(schedule, PIPELINEJOB, _written(template.pipelineJob))
    return OfKind(schedule, PIPELINEJOB, {}, NOTHING_GIVEN)


def _written(spec: Resource) -> dict[str, Any]:
    return spec.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def _labels(schedule: ScheduledJob) -> dict[str, str]:
    return {names.LABEL_SCHEDULE: label_value(schedule.metadata.name)}


def resource_of(kind: str) -> ApiResource:
    """Of what a status names by that kind; empty: a PipelineJob."""
    return _RESOURCES.get(kind, PIPELINEJOB.resource)
