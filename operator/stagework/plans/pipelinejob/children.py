"""Which Job and Pod are those of a stage's current attempt? Along uids, never by labels alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from stagework.api import names
from stagework.api.observed import JobView, PodView
from stagework.api.resources import JOBS, PODS
from stagework.api.resources import ObjectRef as Ref
from stagework.api.stage_status import StageStatus
from stagework.plans.plan import Delete


@dataclass(frozen=True, slots=True)
class AttemptObjects:
    """Job and Pod of one attempt, as far as they exist."""

    job: JobView | None = None
    pod: PodView | None = None

    @property
    def ungated(self) -> bool:
        """True once the Pod has left our gate."""
        return self.pod is not None and not self.pod.held_by(names.SCHEDULING_GATE)


NO_OBJECTS = AttemptObjects()
"""Nothing is there, or nothing that matters."""


class Children:
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

    def of(self, status: StageStatus) -> AttemptObjects:
        """Find the objects of `status.attempt`.

        1. Jobs count that the run controls, of this stage and attempt.
        2. Pods count that such a Job controls, or whose uid the status has recorded.
        3. The recorded Pod wins, then one that is ungated, then the oldest.
        4. The Pod's Job wins, then one that is not being deleted, then the newest.
        """
        key = (status.name, str(status.attempt))
        jobs, pods = self._jobs.get(key, ()), self._pods.get(key, ())
        recorded = self._by_uid.get(status.pod) if status.pod else None
        if not jobs and not pods and recorded is None:
            return NO_OBJECTS
        own_jobs = [job for job in jobs if job.metadata.controller_uid == self._run_uid]
        uids = {job.metadata.uid for job in own_jobs}
        own_pods = [p for p in pods if p is recorded or p.metadata.controller_uid in uids]
        if recorded is not None and recorded not in own_pods:
            own_pods.append(recorded)
        if len(own_pods) <= 1 and len(own_jobs) <= 1:
            return AttemptObjects(
                own_jobs[0] if own_jobs else None, own_pods[0] if own_pods else None
            )
        chosen = min(own_pods, key=lambda pod: _pod_rank(status, pod), default=None)
        return AttemptObjects(
            min(own_jobs, key=lambda job: _job_rank(chosen, job), default=None), chosen
        )


def delete_job(job: JobView) -> Delete:
    """Remove a Job; its Pods go with it."""
    meta = job.metadata
    return Delete(Ref(JOBS, meta.namespace, meta.name, meta.uid))


def delete_pod(pod: PodView) -> Delete:
    """End a Pod for a reason that is recorded already."""
    meta = pod.metadata
    return Delete(Ref(PODS, meta.namespace, meta.name, meta.uid))


def _labelled(labels: dict[str, str]) -> tuple[str, str]:
    return labels.get(names.LABEL_STAGE, ""), labels.get(names.LABEL_ATTEMPT, "")


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
        meta.leaving,
        job.ended,
        -meta.creation_timestamp.timestamp(),
    )
