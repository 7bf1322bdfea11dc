"""Which Job and Pod are those of a stage's current attempt?

What a child says of itself (labels, owner references) is no proof: whoever may create Jobs can say
it, in any namespace. A Job is an attempt's own only where it is in the run's namespace, its
controller is the run by apiVersion, kind, name and uid, and its uid is recorded in the status, as
the answer to our own create (or adoption) told it. A Pod is, where such a Job controls it, or where
the status has recorded its uid before its gate was removed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from stagework.api import names
from stagework.api.base import Metadata
from stagework.api.kinds import PIPELINEJOB
from stagework.api.observed import JobView, ObjectMeta, PodView
from stagework.api.resources import JOBS, PODS
from stagework.api.resources import ObjectRef as Ref
from stagework.api.stage_status import StageStatus
from stagework.children.names import recreation_of, stage_job_name
from stagework.plans.made import Made
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.pod_wait import made_late
from stagework.plans.plan import Delete, Purpose


@dataclass(frozen=True, slots=True)
class AttemptObjects:
    """Job and Pod of one attempt, as far as they exist."""

    job: JobView | None = None
    pod: PodView | None = None
    replaced: bool = False
    """The Job has another Pod than the recorded one: what it counts says nothing about that."""

    @property
    def ungated(self) -> bool:
        """True once the Pod has left our gate."""
        return self.pod is not None and not self.pod.held_by(names.SCHEDULING_GATE)


NO_OBJECTS = AttemptObjects()
"""Nothing is there, or nothing that matters."""


@dataclass(frozen=True, slots=True)
class OwnJob:
    """A Job that we have made for a run, and for what."""

    job: JobView
    stage: str
    attempt: int
    recreation: int


class Children:
    """The Jobs and Pods of a run; strangers that say to be its own are not among them."""

    def __init__(
        self,
        run: Metadata,
        jobs: Iterable[JobView],
        pods: Iterable[PodView],
        machines: Iterable[str] = (),
    ) -> None:
        """`machines`: all classes; with them Jobs are known that only their held Pods name."""
        self._run = run
        self._machines = tuple(machines)
        owner = PIPELINEJOB.ref(run.namespace, run.name, run.uid)
        self._jobs = {j.metadata.uid: j for j in jobs if j.metadata.controlled_by(owner)}
        self._pods = {p.metadata.uid: p for p in pods if p.metadata.namespace == run.namespace}
        self._by_controller: dict[str, list[PodView]] = {}
        for pod in self._pods.values():
            self._by_controller.setdefault(pod.metadata.controller_uid, []).append(pod)

    def of(self, status: StageStatus) -> AttemptObjects:
        """Find the objects of `status.attempt`.

        1. The recorded Job, and no other.
        2. The recorded Pod, and no other; where none is recorded yet, a Pod that the recorded Job
           controls: one that is ungated (by whomever), else the oldest.
        """
        job = self._job_of(status)
        if status.pod:
            others = self.pods_of(status.job, status.jobUid)
            replaced = any(pod.metadata.uid != status.pod for pod in others)
            return AttemptObjects(job, self._pods.get(status.pod), replaced)
        chosen = min(self.pods_of(status.job, status.jobUid), key=_pod_rank, default=None)
        return AttemptObjects(job, chosen) if job is not None or chosen is not None else NO_OBJECTS

    def pods_of(self, job: str, uid: str) -> Iterator[PodView]:
        """The Pods that say to be of that Job, which may be gone."""
        owner = Ref(JOBS, self._run.namespace, job, uid)
        claiming = self._by_controller.get(uid, ()) if uid else ()
        return (pod for pod in claiming if pod.metadata.controlled_by(owner))

    def own_jobs(self, stages: Iterable[StageStatus], made: Made) -> Iterator[OwnJob]:
        """All Jobs that we have made for the run, also for attempts that are over.

        Known by uid, or by a name that only this run, stage, attempt, class and recreation gives:
        its labels say which, and are believed only where the name agrees. Of one that has lost its
        labels a Pod says so, as long as it is held: one that is no more wanted must be found.
        """
        held = dict(self._of_held_pods()) if self._machines else {}
        if not (self._jobs or held):
            return
        known = {s.jobUid: (s.name, s.attempt, s.remakes) for s in stages if s.jobUid}
        seen = [
            (j, j.metadata.labels, (j.metadata.labels.get(names.LABEL_MACHINE, ""),))
            for j in self._jobs.values()
        ]
        seen += [(job, labels, self._machines) for job, labels in held.values()]
        for job, labels, machines in seen:
            uid, child = job.metadata.uid, made.children.get(job.metadata.name)
            if uid in known:
                yield OwnJob(job, *known[uid])
            elif (own := self._by_name(job, labels, machines)) is not None:
                yield own
            elif child is not None and child.uid == uid:
                yield OwnJob(job, *child.purpose, 0)

    def _by_name(
        self, job: JobView, labels: Mapping[str, str], machines: Iterable[str]
    ) -> OwnJob | None:
        stage = labels.get(names.LABEL_STAGE, "")
        attempt = labels.get(names.LABEL_ATTEMPT, "")
        run = self._run
        for machine in machines:
            recreation = recreation_of(
                job.metadata.name,
                run.name,
                run.uid,
                stage=stage,
                attempt=attempt,
                machine=machine,
            )
            if recreation is not None:
                return OwnJob(job, stage, int(attempt), recreation)
        return None

    def _of_held_pods(self) -> Iterator[tuple[str, tuple[JobView, Mapping[str, str]]]]:
        """Jobs that our watch does not show, by uid, with the labels of a Pod that names them."""
        for uid, pods in self._by_controller.items():
            pod, owner = pods[0].metadata, pods[0].metadata.controller
            held = pods[0].held_by(names.SCHEDULING_GATE) and not pod.leaving
            if owner is None or uid in self._jobs or not held:
                continue
            if pod.controlled_by(Ref(JOBS, pod.namespace, owner.name, uid)):
                meta = ObjectMeta(name=owner.name, namespace=pod.namespace, uid=uid)
                yield uid, (JobView(meta), pod.labels)

    def own_pods(self, stages: Iterable[StageStatus], jobs: Iterable[OwnJob]) -> Iterator[PodView]:
        """All Pods of those Jobs, and those that the status names."""
        recorded = {s.pod for s in stages} | {s.commit.pod for s in stages if s.commit is not None}
        controllers = {(j.job.metadata.name, j.job.metadata.uid) for j in jobs}
        controllers |= {(s.job, s.jobUid) for s in stages}
        own = {p.metadata.uid for c in controllers for p in self.pods_of(*c)}
        return (pod for uid, pod in self._pods.items() if uid in recorded or uid in own)

    def _job_of(self, status: StageStatus) -> JobView | None:
        if status.jobUid:
            return self._jobs.get(status.jobUid)
        if not (status.pod and status.job):
            return None
        # Recorded by a version that kept the Pod's uid and the Job's name alone.
        return next((j for j in self._jobs.values() if j.metadata.name == status.job), None)


def with_own_job(
    status: StageStatus, run: Metadata, machines: Iterable[str], made: Made, now: datetime
) -> StageStatus:
    """Record the Job that the answer to our own create has told of, for its attempt as it is.

    The newest answer counts, also against the record: one of that name has been made anew since.
    Once a Pod is chosen its Job stays, also behind the commit.
    """
    if not made.children or ((status.pod or status.commit is not None) and status.jobUid):
        return status
    purpose = Purpose(status.name, status.attempt)
    for name, child in reversed(tuple(made.children.items())):
        if child.purpose == purpose and machine_of(status, run, name, machines):
            late = child.uid != status.jobUid and made_late(status, now)
            return edits.with_job(status, name, child.uid, now if late else None)
    return status


def machine_of(status: StageStatus, run: Metadata, job: str, machines: Iterable[str]) -> str:
    """The class for which the Job of that name was made; empty: for none of these.

    Told from the name, which nobody can change; a label could say anything.
    """
    for machine in (status.machine, *machines):
        name = stage_job_name(
            run.name,
            run.uid,
            stage=status.name,
            attempt=status.attempt,
            machine=machine,
            recreations=status.remakes,
        )
        if name == job:
            return machine
    return ""


def delete_job(job: JobView) -> Delete:
    """Remove a Job; its Pods go with it."""
    meta = job.metadata
    return Delete(Ref(JOBS, meta.namespace, meta.name, meta.uid))


def delete_pod(pod: PodView, stop_seconds: int) -> Delete:
    """End a Pod for a reason that is recorded already; nothing of it will be kept.

    A Pod whose own grace is there for storing outputs gets no more than others: `stop_seconds`.
    """
    meta = pod.metadata
    is_long = pod.spec.termination_grace_period_seconds > stop_seconds
    target = Ref(PODS, meta.namespace, meta.name, meta.uid)
    return Delete(target, stop_seconds if is_long else None)


def _pod_rank(pod: PodView) -> tuple[bool, float, str]:
    meta = pod.metadata
    return (
        pod.held_by(names.SCHEDULING_GATE),
        meta.creation_timestamp.timestamp(),
        meta.uid,
    )
