"""Bring one stage up to what its Job and Pod show: running, ended, lost, overdue.

`situation.py` says what has happened; here stands what follows. Nothing is started here: starting
comes after all stages are observed (`start.py`). What a node says of times is kept between our own
(the turn and now): its clock may be wrong by hours, and what follows counts from when we saw it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.observed import PodView
from stagework.api.stage_status import Commit, StageStatus
from stagework.api.text import sentence
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.causes import Causes
from stagework.plans.pipelinejob.children import delete_job, delete_pod
from stagework.plans.pipelinejob.outcomes import record, record_stopped
from stagework.plans.pipelinejob.refused_stages import (
    not_changed_reason,
    not_made_reason,
    ungate_refused,
)
from stagework.plans.pipelinejob.situation import (
    LOST_GRACE,
    AwaitsPod,
    CannotStart,
    ChosenHeld,
    ContainerEnded,
    CountedByJob,
    GateRemoved,
    NeverRan,
    PodLost,
    PodUnseen,
    Quiet,
    RefusedForGood,
    ResultFound,
    ResultUnknown,
    Runs,
    Starts,
    Stopped,
    Vanished,
    situation_of,
)
from stagework.plans.pipelinejob.snapshot import FoundResult
from stagework.plans.pipelinejob.stage_view import StageView, pod_question
from stagework.plans.pipelinejob.unwatched import read_again
from stagework.plans.plan import Event, PlanBuilder
from stagework.plans.transitions import Recovered
from stagework.policies import deadline, outcome
from stagework.policies.mark import NO_COUNTS, cleaned_mark
from stagework.policies.pod_progress import Started, progress
from stagework.policies.time_of_day import clamped

NODE_CHECK = timedelta(seconds=30)
"""How often to check whether the node has come back."""


def observe(view: StageView, builder: PlanBuilder, now: datetime) -> StageStatus:
    """The stage's status after what has happened to its current attempt."""
    situation, status = situation_of(view, now), view.status
    read_again(view, builder, now)
    match situation:
        case Quiet():
            return edits.question_dropped(status)
        case ChosenHeld():
            return _chosen_held(view, builder, now)
        case GateRemoved():
            return _gate_removed(situation, view, builder)
        case AwaitsPod(since):
            return _awaits_pod(edits.question_dropped(status), since, view, builder, now)
        case Starts() | CannotStart() | Runs():
            return _at_work(situation, view, builder, now)
        case PodUnseen() | ResultUnknown() | NeverRan() | PodLost():
            return _missed(situation, view, builder, now)
        case _:
            return _at_end(situation, view, builder, now)


def _at_work(
    situation: Starts | CannotStart | Runs, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    pod, stage = situation.pod, view.stage
    status, node = _taken_up(view), pod.spec.node_name
    match situation:
        case Runs(since=since):
            began = status.startTime or _clamped(since, status, pod, now)
            status = edits.started(status, node, began)
            clock = deadline.run_time(stage, began, now)
        case CannotStart(reason=reason, message=message):
            turn = status.turnTime or now
            status = edits.starting(status, node, reason, sentence(message), turn)
            clock = deadline.Exceeded(status.reason, status.message)
        case Starts(reason=reason, message=message, hindered=hindered):
            turn = status.turnTime or now
            warned = Causes(view.snapshot, builder, now).of_pod(pod, reason, turn)
            if warned is not None:
                reason, message, hindered = warned.reason, warned.message, True
            text = sentence(message)
            status = edits.starting(status, node, reason, text, turn)
            if hindered:
                status = _stuck_after_grace(status, turn, view, builder, now)
            cause = f"{reason}: {text}".removesuffix(": ")
            clock = deadline.start_time(stage, turn, cause, now)
    return _overdue(status, clock, builder)


def _stuck_after_grace(
    status: StageStatus, turn: datetime, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    """What cannot start gives its slot back some time after its turn, and is tried on."""
    until = turn + view.snapshot.settings.start_grace
    if now >= until:
        return edits.stuck(status)
    builder.wake(until)
    return status


def _chosen_held(view: StageView, builder: PlanBuilder, now: datetime) -> StageStatus:
    """Its gate is removed by every plan until it is off (`start.py`); its start deadline runs."""
    status = _taken_up(view)
    if status.turnTime is None:
        return status
    refusal, cause = ungate_refused(view.snapshot, view.objects), "the gate of its Pod is still on"
    if refusal is not None:
        cause = f"{not_changed_reason(refusal)}: {refusal.message}"
    return _overdue(status, deadline.start_time(view.stage, status.turnTime, cause, now), builder)


def _gate_removed(situation: GateRemoved, view: StageView, builder: PlanBuilder) -> StageStatus:
    """First that is recorded, then the Job is removed; another is made once its Pod has ended."""
    status, job = view.status, view.objects.job
    goes = job is not None and not job.metadata.leaving
    if situation.ended:
        if job is not None and goes:
            builder.actions.append(delete_job(job))
        return edits.stray_ended(status)
    noted = edits.gate_removed(status)
    if status.reason != names.WAIT_GATE_REMOVED:
        text = f"stage {status.name}, attempt {status.attempt}: {noted.message}"
        builder.events.append(Event(names.WAIT_GATE_REMOVED, text, "Warning"))
    if job is not None and goes:
        builder.afterwards.append(delete_job(job))
    elif job is None and situation.pod is not None and not situation.pod.metadata.leaving:
        builder.afterwards.append(delete_pod(situation.pod))
    return noted


def _missed(
    situation: PodUnseen | ResultUnknown | NeverRan | PodLost,
    view: StageView,
    builder: PlanBuilder,
    now: datetime,
) -> StageStatus:
    status = view.status
    match situation:
        case PodLost():
            return _pod_lost(situation, view, builder, now)
        case PodUnseen():
            builder.questions.append(pod_question(status))
            return edits.pod_unseen(status)
        case ResultUnknown(last):
            builder.questions.append(view.question(last=last))
            status = edits.result_asked(status)
        case NeverRan(job):
            if job is not None and not job.metadata.leaving:
                builder.actions.append(delete_job(job))
            status = edits.never_ran(status)
    if not status.pod and status.starting and status.turnTime is not None:
        return _awaits_pod(status, status.turnTime, view, builder, now)
    return status


def _pod_lost(
    situation: PodLost, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    status, objects = view.status, view.objects
    if objects.replaced and objects.job is not None and not objects.job.metadata.leaving:
        # What it has made since can have no turn, and would be counted as if it were the lost one.
        builder.actions.append(delete_job(objects.job))
    if not situation.node_ready:
        # The time counts anew from when the node is ready again: only then its kubelet acts.
        builder.wake(now + NODE_CHECK)
        where = (
            f"node {status.node} is" if status.node else f"the nodes of class {status.machine} are"
        )
        message = f"its Pod is gone and {where} not ready: it may still run there"
        return edits.pod_lost(status, message, None)
    since = status.lostTime or now
    builder.wake(view.missed_since(now) + LOST_GRACE)
    wait = f"{LOST_GRACE.seconds} s after it was missed"
    return edits.pod_lost(status, f"its Pod was removed; a new attempt follows {wait}", since)


def _at_end(
    situation: ContainerEnded | Stopped | ResultFound | CountedByJob | Vanished | RefusedForGood,
    view: StageView,
    builder: PlanBuilder,
    now: datetime,
) -> StageStatus:
    status, stage, commit = view.status, view.stage, None
    match situation:
        case Stopped(pod):
            return _stopped(pod, view, builder, now)
        case ContainerEnded():
            return _ended(situation, view, builder, now)
        case ResultFound(result):
            return _result_found(result, view, builder, now)
        case CountedByJob():
            builder.facts.append(Recovered("JobCondition"))
            commit = Commit(attempt=status.attempt, pod=status.pod)
            end = outcome.Done()
        case Vanished():
            end = outcome.Interrupted("its Pod was removed and left no result")
        case RefusedForGood(refusal):
            reason, message = not_made_reason(refusal), sentence(refusal.message)
            end = outcome.Failed(reason, message, final=True)
    return record(status, stage, end, commit, builder=builder, ended=now, now=now)


def _stopped(
    pod: PodView | None, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    if pod is None:
        status = edits.unproved(view.status, now) if view.status.pod else view.status
        return record_stopped(status, view.stage, builder, ended=now, now=now)
    status = _seen_ended(view, pod, now)
    ended = _end_of(status, pod, now)
    return record_stopped(status, view.stage, builder, ended=ended, now=now)


def _ended(
    situation: ContainerEnded, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    pod, mark = situation.pod, situation.mark
    uid = pod.metadata.uid
    commit, end = Commit(attempt=view.status.attempt, pod=uid), situation.end
    if mark is not None:
        commit, end = view.commit(uid, mark), _with_refusal(end, view.named_skips(mark).refusal)
    status = _seen_ended(view, pod, now)
    ended = _end_of(status, pod, now)
    return record(status, view.stage, end, commit, builder=builder, ended=ended, now=now)


def _with_refusal(end: outcome.Ended, refusal: str) -> outcome.Ended:
    """Its sentence, and what it has said of other stages in vain."""
    if not refusal or not isinstance(end, outcome.Done):
        return end
    return replace(end, message=sentence(f"{end.message}; {refusal}".removeprefix("; ")))


def _result_found(
    result: FoundResult, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    fields = {
        "digest": result.digest,
        "reason": result.reason,
        "message": result.message,
        "skips": result.skips,
    }
    counts = {"items": result.items, "failed": result.failed_items, NO_COUNTS: result.odd_counts}
    mark = cleaned_mark(result.outcome, fields, counts)
    end = outcome.judge_mark(outcome.MarkSeen(mark.outcome, mark.reason, mark.full_message))
    builder.facts.append(Recovered("StoredResult"))
    commit, end = view.commit(result.pod, mark), _with_refusal(end, view.named_skips(mark).refusal)
    return record(view.status, view.stage, end, commit, builder=builder, ended=now, now=now)


def _awaits_pod(
    status: StageStatus, since: datetime, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    cause = f"{status.reason}: {status.message}".removesuffix(": ")
    if status.reason == names.WAIT_POD:
        cause = "Kubernetes made no Pod"
    return _overdue(status, deadline.start_time(view.stage, since, cause, now), builder)


def _overdue(
    status: StageStatus, clock: deadline.InTime | deadline.Exceeded, builder: PlanBuilder
) -> StageStatus:
    """A verdict is recorded first; the Pod is ended by the next plan, which reads the record."""
    if status.stopping is not None:
        return status
    if isinstance(clock, deadline.InTime):
        builder.wake(clock.until)
        return status
    return edits.stopping(status, clock.reason, clock.message)


def _taken_up(view: StageView) -> StageStatus:
    """With its Job's uid, where a version that did not keep it has begun the attempt."""
    status, job = view.status, view.objects.job
    if status.jobUid or job is None:
        return status
    return edits.with_job(status, job.metadata.name, job.metadata.uid)


def _seen_ended(view: StageView, pod: PodView, now: datetime) -> StageStatus:
    current, status = progress(pod), _taken_up(view)
    started = status.startTime
    if started is None and isinstance(current, Started) and current.since is not None:
        started = _clamped(current.since, status, pod, now)
    return edits.seen_ended(status, pod.spec.node_name, started)


def _clamped(
    reported: datetime | None, status: StageStatus, pod: PodView, now: datetime
) -> datetime:
    """When its container started, between its turn and now; now where its node does not say."""
    return clamped(reported or now, status.turnTime or pod.metadata.creation_timestamp, now)


def _end_of(status: StageStatus, pod: PodView, now: datetime) -> datetime:
    """When its container ended, between its start and now; now where its node does not say."""
    return clamped(outcome.finished_at(pod) or now, status.startTime or status.turnTime, now)
