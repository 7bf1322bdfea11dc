"""Which Job and Pod are the current copy of a stage? Along uids, never by labels alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from stagework.api import names
from stagework.api.observed import JobView, PodView
from stagework.api.pipelinejob import StageStatus


@dataclass(frozen=True)
class Copy:
    """The current attempt's Job and Pod, as far as they exist."""

    job: JobView | None = None
    pod: PodView | None = None

    @property
    def lifted(self) -> bool:
        """True once the Pod has left our gate."""
        return self.pod is not None and not self.pod.held_by(names.SCHEDULING_GATE)

    @property
    def job_leaves(self) -> bool:
        """True while the Job is being deleted."""
        return self.job is not None and self.job.metadata.deletion_timestamp is not None


NO_COPY = Copy()
"""Nothing is there, or nothing that matters."""


class Family:
    """All Jobs and Pods of a run by stage and attempt, as their labels say; uids decide later."""

    def __init__(self, run_uid: str, jobs: Iterable[JobView], pods: Iterable[PodView]) -> None:
        self._run_uid = run_uid
        self._jobs: dict[tuple[str, str], list[JobView]] = {}
        self._pods: dict[tuple[str, str], list[PodView]] = {}
        self._by_uid: dict[str, PodView] = {}
        for job in jobs:
            self._jobs.setdefault(_labelled(job.metadata.labels), []).append(job)
        for pod in pods:
            self._pods.setdefault(_labelled(pod.metadata.labels), []).append(pod)
            self._by_uid[pod.metadata.uid] = pod

    def copy_of(self, status: StageStatus) -> Copy:
        """The copy of `status.attempt`, see `current_copy`."""
        key = (status.name, str(status.attempt))
        jobs, pods = self._jobs.get(key, ()), self._pods.get(key, ())
        recorded = self._by_uid.get(status.pod) if status.pod else None
        if recorded is not None and recorded not in pods:
            pods = (*pods, recorded)
        if not jobs and not pods:
            return NO_COPY
        return current_copy(self._run_uid, status, jobs, pods)


def _labelled(labels: dict[str, str]) -> tuple[str, str]:
    return labels.get(names.LABEL_STAGE, ""), labels.get(names.LABEL_ATTEMPT, "")


def current_copy(
    run_uid: str, status: StageStatus, jobs: Iterable[JobView], pods: Iterable[PodView]
) -> Copy:
    """Find the copy of `status.attempt`.

    1. Jobs count that the run controls, of this stage and attempt.
    2. Pods count that such a Job controls, or whose uid the status has recorded.
    3. The recorded Pod wins, then one whose gate is lifted, then the oldest.
    4. The Pod's Job wins, then one that is not being deleted, then the newest.
    """
    own_jobs = [
        job
        for job in jobs
        if _is_of(job.metadata.labels, status.name, status.attempt)
        and job.metadata.controller_uid == run_uid
    ]
    uids = {job.metadata.uid for job in own_jobs}
    own_pods = [
        pod
        for pod in pods
        if pod.metadata.uid == status.pod
        or (
            _is_of(pod.metadata.labels, status.name, status.attempt)
            and pod.metadata.controller_uid in uids
        )
    ]
    if len(own_pods) <= 1 and len(own_jobs) <= 1:
        return Copy(own_jobs[0] if own_jobs else None, own_pods[0] if own_pods else None)
    pod = min(own_pods, key=lambda each: _pod_rank(status, each), default=None)
    job = min(own_jobs, key=lambda each: _job_rank(pod, each), default=None)
    return Copy(job, pod)


def _is_of(labels: dict[str, str], stage: str, attempt: int) -> bool:
    return labels.get(names.LABEL_STAGE) == stage and labels.get(names.LABEL_ATTEMPT) == str(
        attempt
    )


def _pod_rank(status: StageStatus, pod: PodView) -> tuple[bool, bool, float, str]:
    meta = pod.metadata
    return (
        meta.uid != status.pod,
        pod.held_by(names.SCHEDULING_GATE),
        meta.creation_timestamp.timestamp(),
        meta.uid,
    )


def _job_rank(pod: PodView | None, job: JobView) -> tuple[bool, bool, bool, float]:
    meta = job.metadata
    return (
        pod is None or pod.metadata.controller_uid != meta.uid,
        meta.deletion_timestamp is not None,
        job.ended,
        -meta.creation_timestamp.timestamp(),
    )
