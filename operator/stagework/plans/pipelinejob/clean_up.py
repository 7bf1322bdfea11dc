"""What is taken away: attempts with a recorded verdict, Jobs without a turn, what outlives its end.

Only along the chain Pod -> Job uid -> run uid, never by labels alone.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.kinds import PIPELINEJOB
from stagework.api.observed import JobView
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus, States
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.children import AttemptObjects, delete_job, delete_pod
from stagework.plans.pipelinejob.snapshot import RunPlan, Snapshot
from stagework.plans.plan import Delete, PlanBuilder
from stagework.policies.outcome import finished_at

LEFTOVER_SECONDS = timedelta(seconds=30)
"""A Pod that lives on this long after its stage container ended (injected sidecars) is deleted."""


def end_recorded(
    snapshot: Snapshot, status: StageStatus, objects: AttemptObjects, builder: PlanBuilder
) -> None:
    """End the Pod or Job of a recorded verdict once that is stored (record, then act)."""
    stored = snapshot.run.status.stage_named(status.name)
    if stored is None or stored.stopping is None:
        return
    job, pod = objects.job, objects.pod
    if pod is not None and objects.ungated:
        if not pod.metadata.leaving:
            builder.actions.append(delete_pod(pod))
    elif job is not None and not job.metadata.leaving:
        builder.actions.append(delete_job(job))


def drop_held(
    snapshot: Snapshot,
    objects: Mapping[str, AttemptObjects],
    states: States,
    builder: PlanBuilder,
) -> dict[str, StageStatus]:
    """Remove Jobs whose Pods are held and whose turn will not come.

    Gives the stages whose status that changes: those that may want a Job of this attempt again.
    """
    changed: dict[str, StageStatus] = {}
    for name, status in states.items():
        job = objects[name].job
        if job is None or objects[name].ungated or job.ended or job.metadata.leaving:
            continue
        idle = status.ended or (status.waiting and snapshot.run.spec.suspend)
        if not idle or status.pod or status.commit is not None:
            continue
        builder.actions.append(delete_job(job))
        if status.waiting or status.state == names.STAGE_NOT_RUN:
            changed[name] = edits.recreated(status)
    return changed


def drop_stale(snapshot: Snapshot, states: States, builder: PlanBuilder) -> None:
    """Remove held Jobs of attempts that are over: their Pods would count in quotas for ever."""
    for job in _own_jobs(snapshot):
        status = states.get(job.metadata.labels.get(names.LABEL_STAGE, ""))
        if status is None or job.ended or job.metadata.leaving:
            continue
        if not _is_before(job, status.attempt):
            continue
        pods = [p for p in snapshot.pods if p.metadata.controller_uid == job.metadata.uid]
        if all(pod.held_by(names.SCHEDULING_GATE) for pod in pods):
            builder.actions.append(delete_job(job))


def end_leftover(snapshot: Snapshot, states: States, builder: PlanBuilder, now: datetime) -> None:
    """Delete Pods whose stage has ended, well or not, but whose other containers go on."""
    living = [pod for pod in snapshot.pods if not pod.finished]
    ends = [(pod, ended) for pod in living if (ended := finished_at(pod)) is not None]
    own = {job.metadata.uid for job in _own_jobs(snapshot)} if ends else set[str]()
    for pod, ended in ends:
        meta = pod.metadata
        if meta.controller_uid not in own:
            continue
        status = states.get(meta.labels.get(names.LABEL_STAGE, ""))
        if status is None or meta.leaving or (status.pod == meta.uid and not status.ended):
            continue
        until = _leftover_until(status, ended, now)
        if now >= until:
            builder.actions.append(delete_pod(pod))
        else:
            builder.wake(until)


def _leftover_until(status: StageStatus, ended: datetime, now: datetime) -> datetime:
    """When it has lived on for long enough; by our own clock where the end of the stage is known.

    Of an earlier attempt only the node says when it ended: where its clock is ahead, that is over.
    """
    until = (status.completionTime or ended) + LEFTOVER_SECONDS
    return until if until <= now + LEFTOVER_SECONDS else now


def after_end(
    snapshot: Snapshot, status: PipelineJobStatus, builder: PlanBuilder, now: datetime
) -> None:
    """Old Jobs go some time after the end; the run itself goes with its time to live.

    `status`: as the plan leaves it. The run goes only once its end is stored.
    """
    run, completed = snapshot.run, status.completionTime
    if completed is None:
        return
    clean_at = completed + timedelta(seconds=snapshot.settings.keep_jobs_seconds)
    staying = [job for job in _own_jobs(snapshot) if not job.metadata.leaving]
    if now >= clean_at:
        builder.actions.extend(delete_job(job) for job in staying)
    elif staying:
        builder.wake(clean_at)
    if run.spec.ttlSecondsAfterFinished is None:
        return
    gone_at = completed + timedelta(seconds=run.spec.ttlSecondsAfterFinished)
    if now >= gone_at and run.status.completionTime is not None:
        meta = run.metadata
        builder.actions.append(Delete(PIPELINEJOB.ref(meta.namespace, meta.name, meta.uid)))
    else:
        builder.wake(gone_at)


def nothing_to_come(snapshot: Snapshot, plan: RunPlan) -> bool:
    """Whether the run has ended and all that is left to do is wait for a person, or its TTL."""
    if not snapshot.run.status.ended or snapshot.jobs or snapshot.pods:
        return False
    unanswered = any(request.status.answered is None for request in snapshot.interventions)
    return not (plan.actions or plan.afterwards or plan.questions or unanswered)


def _own_jobs(snapshot: Snapshot) -> Iterable[JobView]:
    uid = snapshot.run.metadata.uid
    return (job for job in snapshot.jobs if job.metadata.controller_uid == uid)


def _is_before(job: JobView, attempt: int) -> bool:
    label = job.metadata.labels.get(names.LABEL_ATTEMPT, "")
    return label.isdecimal() and int(label) < attempt
