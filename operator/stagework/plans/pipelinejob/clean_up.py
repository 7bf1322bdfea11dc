"""What is taken away: copies with a recorded verdict, Jobs that get no turn, what outlives its end.

Only along the chain Pod -> Job uid -> run uid, never by labels alone.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.observed import JobView
from stagework.api.pipelinejob import StageStatus
from stagework.plans.pipelinejob.children import Copy
from stagework.plans.plan import DeleteJob, DeletePod, DeleteRun, Draft, Plan
from stagework.plans.pipelinejob.run_status import ENDED
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.policies.outcome import finished_at

LINGERING = timedelta(seconds=30)
"""A Pod that lives on this long after its stage container ended (injected sidecars) is deleted."""
_POD_OVER = frozenset({"Succeeded", "Failed"})


def end_recorded(snapshot: Snapshot, status: StageStatus, copy: Copy, draft: Draft) -> None:
    """End a Pod or Job whose verdict is already in the stored status (record, then act)."""
    stored = snapshot.run.status.stage_named(status.name)
    if status.stopping is None or stored is None or stored.stopping is None:
        return
    if copy.pod is not None and copy.lifted:
        if copy.pod.metadata.deletion_timestamp is None:
            draft.actions.append(DeletePod(copy.pod.metadata.name, copy.pod.metadata.uid))
    elif copy.job is not None and not copy.job_leaves:
        draft.actions.append(DeleteJob(copy.job.metadata.name, copy.job.metadata.uid))


def drop_held(
    snapshot: Snapshot,
    copies: Mapping[str, Copy],
    states: dict[str, StageStatus],
    draft: Draft,
) -> None:
    """Remove Jobs whose Pods are held and whose turn will not come."""
    for name, status in states.items():
        copy = copies[name]
        if copy.job is None or copy.lifted or copy.job.ended or copy.job_leaves:
            continue
        idle = status.state in ENDED or (status.state == "Waiting" and snapshot.run.spec.suspend)
        if not idle or status.pod or status.commit is not None:
            continue
        draft.actions.append(DeleteJob(copy.job.metadata.name, copy.job.metadata.uid))
        if status.state in {"Waiting", "NotRun"}:  # both may want a Job of this attempt again
            states[name] = status.model_copy(update={"remakes": status.remakes + 1, "job": ""})


def drop_superseded(snapshot: Snapshot, states: Mapping[str, StageStatus], draft: Draft) -> None:
    """Remove held Jobs of attempts that are over: their Pods would count in quotas for ever."""
    for job in _own_jobs(snapshot):
        status = states.get(job.metadata.labels.get(names.LABEL_STAGE, ""))
        if status is None or job.ended or job.metadata.deletion_timestamp is not None:
            continue
        if job.metadata.labels.get(names.LABEL_ATTEMPT) not in _before(status.attempt):
            continue
        pods = [p for p in snapshot.pods if p.metadata.controller_uid == job.metadata.uid]
        if all(each.held_by(names.SCHEDULING_GATE) for each in pods):
            draft.actions.append(DeleteJob(job.metadata.name, job.metadata.uid))


def end_lingering(
    snapshot: Snapshot, states: Mapping[str, StageStatus], draft: Draft, now: datetime
) -> None:
    """Delete Pods whose stage has ended and is committed, but whose other containers go on."""
    living = [pod for pod in snapshot.pods if pod.status.phase not in _POD_OVER]
    ends = [(pod, ended) for pod in living if (ended := finished_at(pod)) is not None]
    own = {job.metadata.uid for job in _own_jobs(snapshot)} if ends else set[str]()
    for pod, ended in ends:
        meta = pod.metadata
        if meta.controller_uid not in own:
            continue
        status = states.get(meta.labels.get(names.LABEL_STAGE, ""))
        if status is None or meta.deletion_timestamp is not None or status.pod == meta.uid:
            continue
        if now >= ended + LINGERING:
            draft.actions.append(DeletePod(meta.name, meta.uid))
        else:
            draft.wake(ended + LINGERING)


def after_end(snapshot: Snapshot, completed: datetime, draft: Draft, now: datetime) -> None:
    """Old Jobs go some time after the end; the run itself goes with its time to live."""
    run = snapshot.run
    clean_at = completed + timedelta(seconds=snapshot.settings.keep_jobs_seconds)
    staying = [job for job in _own_jobs(snapshot) if job.metadata.deletion_timestamp is None]
    if now >= clean_at:
        draft.actions.extend(DeleteJob(j.metadata.name, j.metadata.uid) for j in staying)
    elif staying:
        draft.wake(clean_at)
    if run.spec.ttlSecondsAfterFinished is None:
        return
    gone_at = completed + timedelta(seconds=run.spec.ttlSecondsAfterFinished)
    if now >= gone_at and run.status.completionTime is not None:
        draft.actions.append(DeleteRun(run.metadata.uid))
    else:
        draft.wake(gone_at)


def nothing_to_come(snapshot: Snapshot, plan: Plan) -> bool:
    """Whether the run has ended and all that is left to do is wait for a person, or its TTL."""
    waits = any(each.status.answered is None for each in snapshot.interventions)
    busy = plan.actions or plan.afterwards or plan.lookups
    return snapshot.run.finished and not (busy or waits or snapshot.jobs or snapshot.pods)


def _own_jobs(snapshot: Snapshot) -> Iterable[JobView]:
    uid = snapshot.run.metadata.uid
    return (job for job in snapshot.jobs if job.metadata.controller_uid == uid)


def _before(attempt: int) -> frozenset[str]:
    return frozenset(str(number) for number in range(1, attempt))
