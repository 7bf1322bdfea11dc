"""The ScheduledJob of a built-in task, as the release's values want it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stagework.api import names
from stagework.api.kinds import SCHEDULEDJOB
from stagework.api.tasks import task_object_name

Manifest = dict[str, Any]


@dataclass(frozen=True)
class TaskSchedule:
    """When a task runs, and with which data."""

    task: str
    cron: str
    time_zone: str
    job_data: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Of its ScheduledJob; nobody else's has it in the release's namespace."""
        return task_object_name(self.task)

    def spec(self) -> Manifest:
        """The fields that the values decide; all others are for people to set."""
        return {
            "schedule": {"cron": self.cron},
            "timeZone": self.time_zone,
            "template": {"task": {"name": self.task, "jobData": dict(self.job_data)}},
        }

    def manifest(self, namespace: str, owner: Manifest) -> Manifest:
        """As it is made; `owner`: what it goes with."""
        return {
            "apiVersion": SCHEDULEDJOB.resource.api_version,
            "kind": SCHEDULEDJOB.kind,
            "metadata": {
                "name": self.name,
                "namespace": namespace,
                "labels": {
                    "app.kubernetes.io/name": "stagework",
                    "app.kubernetes.io/component": "task",
                    "app.kubernetes.io/managed-by": "stagework",
                    names.LABEL_TASK: self.task,
                },
                "ownerReferences": [owner],
            },
            "spec": self.spec(),
        }
