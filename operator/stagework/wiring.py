"""What the operator takes from its surroundings: who it is, its token, the settings it decides by.

Its parts are built, and handed to each other, by `controllers/runtime.py` (those that are the same
for every kind) and `controllers/registry.py` (the controllers).
"""

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from stagework.children.pod_defaults import FilesDefaults, PodDefaults
from stagework.children.task_job import TaskDefaults
from stagework.children.task_schedule import TaskSchedule
from stagework.overview.alert_rules import AlertLimits, AlertTerms
from stagework.overview.queue.places import Places
from stagework.plans.pipelinejob.snapshot import PlanSettings
from stagework.settings import Settings

LEASE_NAME = "stagework-operator"
"""The Lease that the acting operator holds."""
ALERTS_MEMORY = "stagework-operator-alerts"
"""The ConfigMap in which the operator keeps what people were told."""
OPERATOR_TOKEN_FILE = Path("/var/run/stagework/token/token")
"""Projected token with which the operator asks the API service."""


@dataclass(frozen=True)
class Identity:
    """Who this process is."""

    name: str
    """Pod name and a part that is new at each start."""
    version: str
    """Version of stagework."""


def identity() -> Identity:
    """Of this very start of the process."""
    host = os.environ.get("POD_NAME") or socket.gethostname()
    try:
        installed = version("stagework")
    except PackageNotFoundError:
        installed = "0+source"
    return Identity(f"{host}_{uuid.uuid4().hex[:8]}", installed)


def plan_settings(settings: Settings) -> PlanSettings:
    """The part of the settings that decisions use."""
    pods = settings.stagePods
    return PlanSettings(
        fleet=settings.fleet,
        pod_defaults=PodDefaults(
            api_url=settings.api.url,
            heartbeat_url=settings.api.heartbeatUrl,
            audience=settings.api.audience,
            run_as_user=pods.runAsUser,
            cpu_request=pods.cpuRequest,
            memory_request=pods.memoryRequest,
            work_size_limit=pods.workSizeLimit,
            image_pull_policy=pods.imagePullPolicy,
            pull_secrets=tuple(secret.name for secret in pods.imagePullSecrets),
            termination_grace_period_seconds=pods.terminationGracePeriodSeconds,
            files=FilesDefaults(
                image=settings.files.image,
                image_pull_policy=settings.files.imagePullPolicy,
                resources=settings.files.resources.model_dump(),
                grace_seconds=settings.files.graceSeconds,
            ),
        ),
        look_ahead=settings.engine.lookAhead,
        keep_jobs_seconds=settings.engine.keepJobsSeconds,
        start_grace_seconds=settings.slots.startGraceSeconds,
        orphan_timeout_seconds=settings.recovery.orphanTimeoutSeconds,
        keep_logs=settings.artifacts.maxLogBytes > 0,
    )


def alert_terms(settings: Settings) -> AlertTerms:
    """The part of the settings that alerts go by."""
    alerts = settings.alerts
    limits = AlertLimits(
        failed_ratio=alerts.maxFailedRatio,
        fewest_ended=alerts.minStages,
        stuck=timedelta(seconds=alerts.stuckSeconds),
        deferred=timedelta(seconds=alerts.deferredSeconds),
        store_away=timedelta(seconds=alerts.storeAwaySeconds),
        service_away=timedelta(seconds=alerts.serviceAwaySeconds),
    )
    return AlertTerms(
        limits,
        well_after=timedelta(seconds=alerts.wellAfterSeconds),
        places=Places(settings.fleet, settings.queue.pools),
        where=f"stagework in {settings.releaseNamespace}",
    )


def task_defaults(settings: Settings) -> TaskDefaults:
    """The part of the settings that the Jobs of built-in tasks are made of."""
    return TaskDefaults(
        namespace=settings.releaseNamespace,
        image=settings.files.image,
        image_pull_policy=settings.files.imagePullPolicy,
        audience=settings.api.audience,
        pull_secrets=tuple(secret.name for secret in settings.tasks.imagePullSecrets),
        alerts_secret=settings.alerts.urlsSecret,
        s3_secrets={task: s3.secretName for task, s3 in settings.tasks.s3.items()},
    )


def task_schedules(settings: Settings) -> list[TaskSchedule]:
    """The schedules of built-in tasks that the settings want."""
    return [
        TaskSchedule(task, wanted.cron, wanted.timeZone, wanted.jobData)
        for task, wanted in settings.tasks.schedules.items()
    ]


def operator_token() -> str:
    """The operator's own token for the API service; empty outside a cluster."""
    return OPERATOR_TOKEN_FILE.read_text().strip() if OPERATOR_TOKEN_FILE.exists() else ""
