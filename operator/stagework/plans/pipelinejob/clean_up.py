"""What is taken away: attempts with a recorded verdict, Jobs without a turn, what outlives its end.

Only what we have made: along recorded uids, or by names that nobody else's Job can have by chance.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.kinds import BATCH, PIPELINEJOB
from stagework.api.pipelinejob import PipelineJobStatus
from stagework.api.stage_status import StageStatus, States
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.attempt_log import ask_for_log, reads_log_first
from stagework.plans.pipelinejob.children import (
    AttemptObjects,
    Children,
    OwnJob,
    delete_job,
    delete_pod,
)
from stagework.plans.pipelinejob.snapshot import RunPlan, Snapshot
from stagework.plans.plan import Delete, Event, PlanBuilder
from stagework.policies.history_wait import (
    HISTORY_WAIT,
    AskAgain,
    Missed,
    Remembered,
    history_wait,
)
from stagework.policies.outcome import finished_at

_COUNTS_JOBS = re.compile(r"count/(?:jobs\.batch|pods)\b")
"""In the sentence about a quota: it counts what has ended too."""
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
        reads_log = reads_log_first(status) and not pod.metadata.leaving
        if reads_log and ask_for_log(snapshot, status, pod, builder) is None:
            return  # its log goes with it
        if not pod.metadata.leaving:
            builder.actions.append(delete_pod(pod, snapshot.settings.stop_seconds))
    elif pod is not None and stored.pod == pod.metadata.uid:
        return  # it is held, and goes once that it is not to run is on record
    elif job is not None and not job.metadata.leaving:
        builder.actions.append(delete_job(job))


def drop_held(
    snapshot: Snapshot,
    objects: Mapping[str, AttemptObjects],
    states: States,
    builder: PlanBuilder,
) -> dict[str, StageStatus]:
    """Remove Jobs whose Pods are held and whose turn will not come; and where a quota refuses what
    is due, also those whose turn has not come yet.

    Gives the stages whose status that changes: those that may want a Job of this attempt again.
    """
    changed: dict[str, StageStatus] = {}
    for name, status in states.items():
        job = objects[name].job
        if job is None or objects[name].ungated or job.ended or job.metadata.leaving:
            continue
        gives_way = snapshot.run.spec.suspend or bool(snapshot.shortage)
        idle = status.ended or (status.waiting and gives_way)
        if not idle or status.pod or status.commit is not None:
            continue
        builder.actions.append(delete_job(job))
        if status.waiting or status.set_aside or status.state == names.STAGE_NOT_RUN:
            changed[name] = edits.recreated(status)
    return changed


def drop_leftovers(snapshot: Snapshot, states: States, builder: PlanBuilder) -> None:
    """Remove what is held and has no turn to wait for, and what only a full quota counts."""
    _drop_stale(snapshot, states, builder)
    _drop_others(snapshot, states, builder)
    _drop_finished(snapshot, builder)


def _drop_stale(snapshot: Snapshot, states: States, builder: PlanBuilder) -> None:
    """Remove held Jobs that no turn is for any more: their Pods would count in quotas for ever."""
    children = children_of(snapshot)
    going = _removed(builder)
    for own in children.own_jobs(states.values(), snapshot.made):
        job, status, meta = own.job, states.get(own.stage), own.job.metadata
        if status is None or job.ended or meta.leaving or meta.uid in going:
            continue
        pods = tuple(children.pods_of(meta.name, meta.uid))
        held = all(pod.held_by(names.SCHEDULING_GATE) for pod in pods)
        if held and (_is_stale(own, status) or (pods and _is_left(own, status))):
            builder.actions.append(delete_job(job))


def _drop_others(snapshot: Snapshot, states: States, builder: PlanBuilder) -> None:
    """Remove held Pods that a Job has made beside one that has run: none of them gets a turn.

    Each alone: the Job, and the Pod that has run, stay for people to look at.
    """
    children, going = children_of(snapshot), _removed(builder)
    for own in children.own_jobs(states.values(), snapshot.made):
        meta, status = own.job.metadata, states.get(own.stage)
        if status is None or meta.leaving or meta.uid in going:
            continue
        if not (status.ended or status.pod):
            continue  # one of them may still be chosen, or goes with its Job
        pods = tuple(children.pods_of(meta.name, meta.uid))
        if not (own.job.ended or any(pod.finished for pod in pods)):
            continue
        for pod in pods:
            held, uid = pod.held_by(names.SCHEDULING_GATE), pod.metadata.uid
            if held and uid != status.pod and not pod.metadata.leaving:
                builder.actions.append(delete_pod(pod, snapshot.settings.stop_seconds))


def _drop_finished(snapshot: Snapshot, builder: PlanBuilder) -> None:
    """Remove Jobs of attempts whose end is stored, where a quota counts them and is full."""
    if not _COUNTS_JOBS.search(snapshot.shortage):
        return
    stored = {stage.name: stage for stage in snapshot.run.status.stages}
    for own in children_of(snapshot).own_jobs(stored.values(), snapshot.made):
        status = stored.get(own.stage)
        is_over = status is not None and (status.ended or own.attempt < status.attempt)
        if is_over and own.job.ended and not own.job.metadata.leaving:
            builder.actions.append(delete_job(own.job))


def end_leftover(snapshot: Snapshot, states: States, builder: PlanBuilder, now: datetime) -> None:
    """Delete Pods whose stage has ended, well or not, but whose other containers go on."""
    living = [pod for pod in snapshot.pods if not pod.finished]
    ends = [(pod, ended) for pod in living if (ended := finished_at(pod)) is not None]
    own: Mapping[str, str] = _stages_of_pods(snapshot, states) if ends else {}
    for pod, ended in ends:
        meta = pod.metadata
        status = states.get(own.get(meta.uid, ""))
        if status is None or meta.leaving or (status.pod == meta.uid and not status.ended):
            continue
        until = _leftover_until(status, ended, now)
        if now >= until:
            builder.actions.append(delete_pod(pod, snapshot.settings.stop_seconds))
        else:
            builder.wake(until)


def _leftover_until(status: StageStatus, ended: datetime, now: datetime) -> datetime:
    """When it has lived on for long enough; by our own clock where the end of the stage is known.

    Of an earlier attempt only the node says when it ended: where its clock is ahead, that is over.
    """
    seen = status.completionTime or ended
    return seen + LEFTOVER_SECONDS if seen <= now else now


def after_end(
    snapshot: Snapshot, status: PipelineJobStatus, builder: PlanBuilder, now: datetime
) -> None:
    """Old Jobs go some time after the end; the run itself goes with its time to live.

    `status`: as the plan leaves it. The run goes only once its end is stored, and once history has
    acknowledged all of it, for which it stays an hour longer at most.
    """
    run, completed = snapshot.run, status.completionTime
    if completed is None:
        return
    if completed > now:
        completed = run.metadata.creationTimestamp  # written by hand: it has ended since that
    clean_at = completed + timedelta(seconds=snapshot.settings.keep_jobs_seconds)
    own = children_of(snapshot).own_jobs(status.stages, snapshot.made)
    staying = [job for job in (o.job for o in own) if not job.metadata.leaving]
    if now >= clean_at:
        builder.actions.extend(delete_job(job) for job in staying)
    elif staying:
        builder.wake(clean_at)
    if run.spec.ttlSecondsAfterFinished is None:
        return
    gone_at = completed + timedelta(seconds=run.spec.ttlSecondsAfterFinished)
    if now < gone_at or run.status.completionTime is None:
        builder.wake(gone_at)
        return
    match history_wait(remembered=snapshot.remembered, since=gone_at, now=now):
        case AskAgain(at):
            builder.wake(at)
        case Remembered() | Missed():
            _remove(snapshot, builder)


def _remove(snapshot: Snapshot, builder: PlanBuilder) -> None:
    meta = snapshot.run.metadata
    if not snapshot.remembered:
        text = f"history has not acknowledged all of it for {HISTORY_WAIT.seconds // 60} min"
        builder.events.append(Event(names.EVENT_HISTORY_MISSED, text, "Warning"))
    builder.actions.append(Delete(PIPELINEJOB.ref(meta.namespace, meta.name, meta.uid)))


def nothing_to_come(snapshot: Snapshot, plan: RunPlan) -> bool:
    """Whether the run has ended and all that is left to do is wait for a person, or its TTL."""
    if not snapshot.run.status.ended:
        return False
    if any(o.controller and o.kind == BATCH.kind for o in snapshot.run.metadata.ownerReferences):
        return False  # its Batch reads how its stages have ended, and removes it
    children, stages = children_of(snapshot), snapshot.run.status.stages
    jobs = tuple(children.own_jobs(stages, snapshot.made))
    if jobs or any(True for _ in children.own_pods(stages, jobs)):
        return False
    unanswered = any(request.status.answered is None for request in snapshot.interventions)
    return not (plan.actions or plan.afterwards or plan.questions or unanswered)


def children_of(snapshot: Snapshot) -> Children:
    """All that we have made for the run."""
    machines = (machine.key for machine in snapshot.settings.fleet.machineClasses)
    return Children(snapshot.run.metadata, snapshot.jobs, snapshot.pods, machines)


def _removed(builder: PlanBuilder) -> set[str]:
    """What the plan removes already, by uid."""
    planned = (*builder.actions, *builder.afterwards)
    return {action.target.uid for action in planned if isinstance(action, Delete)}


def _is_stale(own: OwnJob, status: StageStatus) -> bool:
    """Of an attempt or a recreation that is over, or another Job has been recorded since."""
    if own.attempt != status.attempt:
        return own.attempt < status.attempt
    if status.jobUid:
        return own.job.metadata.uid != status.jobUid
    return not status.pod and (status.ended or own.recreation < status.remakes)


def _is_left(own: OwnJob, status: StageStatus) -> bool:
    """The stage has ended. A Pod that the Job of its last attempt has now was made after the one
    that ran; a later attempt was decided upon by a status that was never stored.
    """
    return own.attempt >= status.attempt and status.ended


def _stages_of_pods(snapshot: Snapshot, states: States) -> Mapping[str, str]:
    """By uid of the Pods that we have made: their stages."""
    children = children_of(snapshot)
    stages = {
        pod.metadata.uid: own.stage
        for own in children.own_jobs(states.values(), snapshot.made)
        for pod in children.pods_of(own.job.metadata.name, own.job.metadata.uid)
    }
    committed = {s.commit.pod: s.name for s in states.values() if s.commit is not None}
    return {**stages, **committed}
