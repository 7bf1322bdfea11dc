"""The old scheduler's calls, carried out by ScheduledJobs."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Self, overload

from stagework.api import names
from stagework.cli.cluster import Cluster
from stagework.cli.connection import KubeConnection
from stagework.cli.errors import NotThere, Refused
from stagework.cli.schedules import Schedules
from stagework.client.cron_fields import Field, expression
from stagework.client.jobs import (
    Job,
    JobStatistics,
    SchedulerState,
    job_id_of,
    job_of,
    object_name,
    state_of,
    statistics_of,
)
from stagework.wall_clock import wall_clock

Work = str | Mapping[str, Any]
"""What runs: the name of a Pipeline, or the spec of a PipelineJob."""
_DAY: Final = 24 * 3600


class Scheduler:
    """Jobs of one namespace."""

    def __init__(
        self, cluster: Cluster, *, namespace: str | None = None, time_zone: str = "UTC"
    ) -> None:
        """`time_zone`: that of jobs that name none."""
        self._schedules = Schedules(cluster)
        self._namespace = namespace or cluster.namespace
        self._time_zone = time_zone
        self.job_stats = JobStats(self._schedules, self._namespace)

    @classmethod
    def of_kubeconfig(
        cls,
        kubeconfig: str | None = None,
        *,
        context: str | None = None,
        namespace: str | None = None,
        time_zone: str = "UTC",
    ) -> Self:
        """As the person of a kubeconfig; without one as the account of the Pod that we run in."""
        cluster = KubeConnection(kubeconfig, context)
        return cls(cluster, namespace=namespace, time_zone=time_zone)

    def add_interval_job(
        self,
        work: Work,
        *,
        job_id: str,
        days: int = 0,
        hours: int = 0,
        minutes: int = 0,
        seconds: int = 0,
        name: str = "",
        **options: Any,
    ) -> Job:
        """Run it again and again; the first time one interval from now.

        `options`: further fields of a ScheduledJob's spec, such as `maxInstances`.
        """
        every = days * _DAY + hours * 3600 + minutes * 60 + seconds
        return self._add(work, job_id, name, {"intervalSeconds": every}, options)

    def add_cron_job(
        self,
        work: Work,
        *,
        job_id: str,
        minute: Field = None,
        hour: Field = None,
        day: Field = None,
        month: Field = None,
        day_of_week: Field = None,
        name: str = "",
        **options: Any,
    ) -> Job:
        """Run it at times of day. `day_of_week`: names, or numbers as the old scheduler counted
        them: 0 is Monday, 6 is Sunday (cron itself counts from Sunday). `day`: also `last`,
        `2nd tue`, `last fri`.
        """
        cron = expression(minute=minute, hour=hour, day=day, month=month, day_of_week=day_of_week)
        return self._add(work, job_id, name, {"cron": cron}, options)

    def add_date_job(
        self, work: Work, *, job_id: str, run_date: datetime | str, name: str = "", **options: Any
    ) -> Job:
        """Run it once; a date without an offset is one of the job's time zone."""
        at = run_date if isinstance(run_date, str) else run_date.isoformat(timespec="seconds")
        return self._add(work, job_id, name, {"at": at}, options)

    def register_custom_job(
        self,
        job_name: str,
        job_data: Mapping[str, Any],
        *,
        pipeline: str,
        schedule: Mapping[str, Any],
        job_id: str = "",
        **options: Any,
    ) -> Job:
        """Run a Pipeline with `job_data` as its params; what is no text is given as JSON.

        `schedule`: as in a ScheduledJob, such as `{"cron": "0 2 * * *"}`.
        """
        params = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in job_data.items()
        }
        work = {"pipelineRef": {"name": pipeline}, "params": params}
        return self._add(work, job_id or job_name, job_name, dict(schedule), options)

    def get_all_jobs(self) -> list[Job]:
        """All jobs of the namespace."""
        return [job_of(raw) for raw in self._schedules.list(self._namespace)]

    def get_job(self, job_id: str) -> Job | None:
        """One job; None where there is none."""
        try:
            return job_of(self._schedules.raw(self._namespace, object_name(job_id)))
        except NotThere:
            return None

    def unregister_job(self, job_id: str) -> bool:
        """Remove a job and its runs; False where there is none."""
        try:
            self._schedules.remove(self._namespace, object_name(job_id))
        except NotThere:
            return False
        return True

    def pause_job(self, job_id: str) -> bool:
        """Run nothing of it until it is resumed; False where there is none."""
        return self._suspend(job_id, suspend=True)

    def resume_job(self, job_id: str) -> bool:
        """Run it again, from now on; False where there is none."""
        return self._suspend(job_id, suspend=False)

    def get_scheduler_status(self) -> SchedulerState:
        """Whether jobs are run, how many there are, and when each runs next."""
        return state_of(self._schedules.list(self._namespace), wall_clock())

    def _suspend(self, job_id: str, *, suspend: bool) -> bool:
        try:
            self._schedules.change(self._namespace, object_name(job_id), {"suspend": suspend})
        except NotThere:
            return False
        return True

    def _add(
        self,
        work: Work,
        job_id: str,
        name: str,
        schedule: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> Job:
        run = {"pipelineRef": {"name": work}} if isinstance(work, str) else dict(work)
        spec = {
            "timeZone": self._time_zone,
            **options,
            "schedule": dict(schedule),
            "template": {"pipelineJob": run},
        }
        return put_job(self._schedules, self._namespace, job_id, name or job_id, spec)


def put_job(
    schedules: Schedules, namespace: str, job_id: str, name: str, spec: Mapping[str, Any]
) -> Job:
    """Ids are unique: a job of that id is replaced, and its statistics stay."""
    known = {names.ANNOTATION_JOB_ID: job_id, names.ANNOTATION_JOB_NAME: name}
    own = object_name(job_id)
    try:
        before = schedules.raw(namespace, own)
    except NotThere:
        schedules.create(namespace, own, spec, annotations=known)
    else:
        if job_id_of(before) != job_id:
            raise Refused(
                f"job_id: {job_id!r} and {job_id_of(before)!r} would be one object, {own}:"
                " give another id"
            )
        schedules.replace(namespace, own, spec, annotations=known)
    return job_of(schedules.raw(namespace, own))


class JobStats:
    """What has come of jobs."""

    def __init__(self, schedules: Schedules, namespace: str) -> None:
        self._schedules = schedules
        self._namespace = namespace

    @overload
    def get_stats(self) -> dict[str, JobStatistics]: ...

    @overload
    def get_stats(self, job_id: str) -> JobStatistics | None: ...

    def get_stats(
        self, job_id: str | None = None
    ) -> dict[str, JobStatistics] | JobStatistics | None:
        """The five figures of a job, None where there is none; without an id those of all jobs."""
        if job_id is None:
            listed = self._schedules.list(self._namespace)
            return {job_id_of(raw): statistics_of(raw) for raw in listed}
        try:
            return statistics_of(self._schedules.raw(self._namespace, object_name(job_id)))
        except NotThere:
            return None
