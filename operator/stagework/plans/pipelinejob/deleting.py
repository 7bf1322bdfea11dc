"""A run that somebody has deleted and that is there still: its children go first (foreground), or
somebody's finalizer is on it.

It says so. Nothing of it is started or made any more, and what is held is taken away; what works is
ended by the garbage collector or goes on to its end, and holds its slot until then.
"""

from collections.abc import Iterator
from datetime import datetime

from stagework.api import names
from stagework.api.judgement import TARGET_NOT_FOUND
from stagework.api.observed import PodView
from stagework.plans.interventions import Requests, refuse_all
from stagework.plans.pipelinejob.children import delete_job, delete_pod
from stagework.plans.pipelinejob.clean_up import children_of
from stagework.plans.pipelinejob.interventions import StageVerbs
from stagework.plans.pipelinejob.run_summary import with_summary
from stagework.plans.pipelinejob.slot_requests import is_out
from stagework.plans.pipelinejob.snapshot import RunPlan, Snapshot
from stagework.plans.plan import Delete, PlanBuilder
from stagework.policies import deadline
from stagework.policies.pod_progress import Started, progress


def deleting(snapshot: Snapshot, now: datetime) -> RunPlan:
    """What is said of it, and what is done until it has gone."""
    run, builder = snapshot.run, PlanBuilder()
    builder.actions.extend(_held(snapshot))
    _end_overdue(snapshot, builder, now)
    _answer(snapshot, builder, now)
    if run.status.ended:
        return builder.plan(None)
    left = [stage.name for stage in run.status.stages if stage.pod in _at_work(snapshot)]
    message = "it is being deleted"
    if left:
        message += f"; not ended yet: {', '.join(left)}"
    status = with_summary(run, "Unknown", names.DELETING, message, now)
    return builder.plan(status if status != run.status else None, urgent=True)


def _at_work(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(pod.metadata.uid for pod in snapshot.pods if is_out(pod))


def _held(snapshot: Snapshot) -> Iterator[Delete]:
    """Its Jobs of which nothing has run, and nothing shall: held, still to be made, or stuck."""
    children = children_of(snapshot)
    for own in children.own_jobs(snapshot.run.status.stages, snapshot.made):
        meta = own.job.metadata
        pods = children.pods_of(meta.name, meta.uid)
        idle = all(_has_not_begun(pod) for pod in pods)
        if idle and not own.job.ended and not meta.leaving:
            yield delete_job(own.job)


def _end_overdue(snapshot: Snapshot, builder: PlanBuilder, now: datetime) -> None:
    """What works goes on to its end, and no longer than its own time."""
    stages = snapshot.resolved.stages if snapshot.resolved is not None else ()
    limits = {stage.name: stage for stage in stages}
    for status in snapshot.run.status.stages:
        if status.startTime is None or status.ended or status.name not in limits:
            continue
        pod = next((p for p in snapshot.pods if p.metadata.uid == status.pod), None)
        if pod is None or pod.metadata.leaving or pod.finished:
            continue
        clock = deadline.run_time(limits[status.name], status.startTime, now)
        if isinstance(clock, deadline.InTime):
            builder.wake(clock.until)
        else:
            builder.actions.append(delete_pod(pod, snapshot.settings.stop_seconds))


def _has_not_begun(pod: PodView) -> bool:
    held = pod.held_by(names.SCHEDULING_GATE)
    return held or not (pod.finished or isinstance(progress(pod), Started))


def _answer(snapshot: Snapshot, builder: PlanBuilder, now: datetime) -> None:
    """What was carried out is answered so; everything else comes too late."""
    run, notes = snapshot.run, {note.uid for note in snapshot.run.status.answered}
    done = [request for request in snapshot.interventions if request.metadata.uid in notes]
    late = [request for request in snapshot.interventions if request.metadata.uid not in notes]
    nothing = StageVerbs({})
    Requests(done, run.metadata.uid, nothing).apply({}, run.status.answered, builder, now)
    builder.afterwards.extend(refuse_all(late, TARGET_NOT_FOUND, now))
