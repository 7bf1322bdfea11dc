"""What every task is given, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stagework.alerts.alerts import Alerts
from stagework.alerts.memory import Memory
from stagework.cluster.client.kubeapi import KubeApi
from stagework.settings import Settings
from stagework.tasks.service import Service
from stagework.web.https_input import HttpsSource


class TaskFailed(Exception):  # noqa: N818 - what its exit code says
    """The task could not do its work; the text says why, and what to change."""


@dataclass(frozen=True)
class Surroundings:
    """Of one run of a task."""

    task: str
    """Its name."""
    settings: Settings
    api: KubeApi
    """As the task's own account."""
    service: Service
    """Likewise."""
    alerts: Alerts
    memory: Memory
    """What it remembers from run to run."""
    https: Callable[[int], HttpsSource]
    """Fetches documents of at most so many bytes."""
    now: Callable[[], datetime]
    slot: str = ""
    """Time of the schedule's slot that this is the run of; empty where a person started it."""
    dry_run: bool = False
    """Asked for on the command line."""

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Where the task works: the release's namespace, and those that the values name."""
        named = self.settings.tasks.namespaces.get(self.task, ())
        return tuple(dict.fromkeys((self.settings.releaseNamespace, *named)))


@dataclass(frozen=True)
class Report:
    """What has come of it."""

    summary: str
    """One sentence."""
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    """The whole, as JSON has it."""
