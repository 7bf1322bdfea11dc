"""Bring one stage up to what its Job and Pod show: running, ended, lost, overdue.

`situation.py` says what has happened; here stands what follows. Nothing is started here: starting
comes after all stages are observed (`start.py`). What a node says of times is kept between our own
(the turn and now): its clock may be wrong by hours, and what follows counts from when we saw it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.base import COUNT_MAX
from stagework.api.causes import sentence
from stagework.api.observed import PodView
from stagework.api.stage_status import Commit, StageStatus
from stagework.api.stages import Stage
from stagework.plans.pipelinejob import edits
from stagework.plans.pipelinejob.attempt_log import (
    NO_LOG,
    ask_for_log,
    known_log,
    reads_log_first,
)
from stagework.plans.pipelinejob.away import away_sentence, is_away
from stagework.plans.pipelinejob.causes import Causes
from stagework.plans.pipelinejob.children import delete_job, delete_pod
from stagework.plans.pipelinejob.given_up import given_up
from stagework.plans.pipelinejob.orphans import (
    LOST_GRACE,
    cause_of,
    fence_question,
    lost_sentence,
    orphan_sentence,
    recovery_of,
    suspected_since,
)
from stagework.plans.pipelinejob.outcomes import Evidence, record, record_stopped
from stagework.plans.pipelinejob.pod_wait import waits_since
from stagework.plans.pipelinejob.refused_stages import (
    not_changed_reason,
    not_made_reason,
    ungate_refused,
)
from stagework.plans.pipelinejob.situation import (
    AwaitsPod,
    CannotStart,
    ChosenHeld,
    ContainerEnded,
    CountedByJob,
    CountUnproved,
    GateRemoved,
    GivenUp,
    IsAway,
    Keeps,
    NeverRan,
    NodeLost,
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
from stagework.plans.pipelinejob.stage_view import StageView, count_question, pod_question
from stagework.plans.pipelinejob.start_grace import stuck_after_grace
from stagework.plans.pipelinejob.unwatched import read_again
from stagework.plans.plan import Event, PlanBuilder
from stagework.plans.transitions import Recovered
from stagework.policies import deadline, outcome
from stagework.policies.absent_nodes import away_since
from stagework.policies.mark import NO_COUNTS, cleaned_mark
from stagework.policies.orphans import Wait
from stagework.policies.pod_progress import Started, progress
from stagework.policies.same_cause import of_pull
from stagework.policies.time_of_day import clamped

_AtEnd = ContainerEnded | Stopped | ResultFound | CountedByJob | Vanished | GivenUp | RefusedForGood
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
        case IsAway(pod):
            return _away(pod, view, now)
        case NodeLost(pod):
            return _node_lost(pod, view, builder, now)
        case Starts() | CannotStart() | Runs():
            return _at_work(situation, view, builder, now)
        case Keeps(pod):
            return _keeps(pod, view, builder, now)
        case PodUnseen() | CountUnproved() | ResultUnknown() | NeverRan() | PodLost():
            return _missed(situation, view, builder, now)
        case _:
            return _at_end(situation, view, builder, now)


def _at_work(
    situation: Starts | CannotStart | Runs, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    pod, stage = situation.pod, view.stage
    status, node = edits.back(_taken_up(view), now), pod.spec.node_name
    match situation:
        case Runs(since=since):
            began = status.startTime or _clamped(since, status, pod, now)
            status = edits.on_boot(edits.started(status, node, began), _boot_id(view))
            clock = deadline.run_time(stage, began + _away_time(status), now)
        case CannotStart(reason=reason, message=message):
            status = edits.starting(status, node, reason, message, status.turnTime or now)
            clock = deadline.Exceeded(status.reason, status.message)
        case Starts(reason=reason, message=message, hindered=hindered):
            turn = status.turnTime or now
            warned = Causes(view.snapshot, builder, now).of_pod(pod, reason, turn)
            if warned is not None:
                reason, message, hindered = warned.reason, warned.message, True
            reason, message = of_pull((status.reason, status.message), (reason, message))
            cause = _with_reason(sentence(message), reason)
            said = message if hindered else edits.failed_start(status) or message
            status = edits.starting(status, node, reason, said, turn)
            if hindered:
                # Where its Job was made after its turn, its Pod has its time from then on.
                since = waits_since(status, now)
                status = stuck_after_grace(status, since, view.snapshot, builder, now)
            clock = deadline.start_time(stage, turn + _away_time(status), cause, now)
    return _overdue(status, clock, builder)


def _away(pod: PodView, view: StageView, now: datetime) -> StageStatus:
    """No clock of it runs, and nothing takes its place."""
    status, node = _taken_up(view), pod.spec.node_name or view.status.node
    began = status.startTime or status.turnTime
    since = away_since(view.snapshot.nodes.get(node), began, now)
    return edits.away(status, node, away_sentence(view.snapshot, status, node), since)


def _node_lost(pod: PodView, view: StageView, builder: PlanBuilder, now: datetime) -> StageStatus:
    """Nothing shows whether it lives. Its own clocks run on; they only end it, they begin nothing
    before that is proved.
    """
    status, node, since = _taken_up(view), pod.spec.node_name, suspected_since(view, now)
    _wake_for_proof(view, builder, now)
    status = edits.node_lost(status, node, lost_sentence(view, now), since)
    began = status.startTime
    if began is not None:
        return _overdue(status, deadline.run_time(view.stage, began, now), builder)
    turn = status.turnTime or now
    cause = _with_reason(status.message, status.reason)
    return _overdue(status, deadline.start_time(view.stage, turn, cause, now), builder)


def _wake_for_proof(view: StageView, builder: PlanBuilder, now: datetime) -> None:
    """When the node may be back, something may be proved, or it has lasted too long."""
    builder.wake(now + NODE_CHECK)
    step = recovery_of(view, now)
    if isinstance(step, Wait) and step.until is not None:
        builder.wake(step.until)
    question, again = fence_question(view, now)
    if question is not None:
        builder.questions.append(question)
    if again > now:
        builder.wake(again)


def _boot_id(view: StageView) -> str:
    """Of its node, while that is ready."""
    node = view.snapshot.nodes.get(view.node_name)
    return node.boot_id if node is not None and node.ready else view.status.bootId


def _away_time(status: StageStatus) -> timedelta:
    return timedelta(seconds=status.awaySeconds)


def _keeps(pod: PodView, view: StageView, builder: PlanBuilder, now: datetime) -> StageStatus:
    """What it has left is being stored: it still runs, on a clock of its own."""
    seen = _seen_ended(view, pod, now)
    began = seen.startTime or now
    status = edits.started(seen, pod.spec.node_name, began)
    grace = view.snapshot.settings.pod_defaults.files.grace_seconds
    ended = _end_of(status, view.stage, pod, now) + _away_time(status)
    clock = deadline.keep_time(ended, grace, now)
    return _overdue(status, clock, builder)


def _chosen_held(view: StageView, builder: PlanBuilder, now: datetime) -> StageStatus:
    """Its gate is removed by every plan until it is off (`start.py`); its start deadline runs, but
    not while its run is suspended. Where it is over, the choice is taken back first: of a Pod that
    was never ungated nobody needs to prove that its process has ended.
    """
    status = _taken_up(view)
    if status.stopping is not None:
        return edits.unchosen(status)
    if status.turnTime is None or view.snapshot.run.spec.suspend:
        return status
    refusal, cause = ungate_refused(view.snapshot, view.objects), "the gate of its Pod is still on"
    if refusal is not None:
        cause = _with_reason(refusal.message, not_changed_reason(refusal))
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
        stop_seconds = view.snapshot.settings.stop_seconds
        builder.afterwards.append(delete_pod(situation.pod, stop_seconds))
    return noted


def _missed(
    situation: PodUnseen | CountUnproved | ResultUnknown | NeverRan | PodLost,
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
        case CountUnproved():
            builder.questions.append(count_question(status))
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
        _wake_for_proof(view, builder, now)
        away = is_away(view.snapshot, status)
        message = f"{lost_sentence(view, now)}; it may still run there"
        return edits.pod_lost(status, message, None, suspected_since(view, now), is_away=away)
    since = status.lostTime or now
    builder.wake(view.missed_since(now) + LOST_GRACE)
    wait = f"{LOST_GRACE.seconds} s after it was missed"
    message = f"its Pod was removed; a new attempt follows {wait}"
    return edits.pod_lost(status, message, since, suspected_since(view, now))


def _at_end(
    situation: _AtEnd,
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
            builder.facts.append(Recovered("JobCondition", cause_of(view, now), status.machine))
            commit = Commit(attempt=status.attempt, pod=status.pod)
            end = outcome.Done()
        case Vanished():
            cause = cause_of(view, now)
            end = outcome.Interrupted(f"{orphan_sentence(view, now)}; it left no result", cause)
        case GivenUp():
            return given_up(view, builder, now)
        case RefusedForGood(refusal):
            end = outcome.Failed(not_made_reason(refusal), refusal.message, final=True)
    return record(status, stage, end, commit, builder=builder, ended=now, now=now)


def _stopped(
    pod: PodView | None, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    if pod is None:
        status = edits.unproved(view.status, now) if view.status.pod else view.status
        left = Evidence(log=known_log(view.snapshot, view.status))
        return record_stopped(status, view.stage, builder, ended=now, now=now, evidence=left)
    log = NO_LOG
    if reads_log_first(view.status):
        log = ask_for_log(view.snapshot, view.status, pod, builder)
        if log is None:
            return view.status
    status = _seen_ended(view, pod, now)
    ended, left = _end_of(status, view.stage, pod, now), Evidence(_exit_code(pod), log)
    return record_stopped(status, view.stage, builder, ended=ended, now=now, evidence=left)


def _ended(
    situation: ContainerEnded, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    pod, mark, log = situation.pod, situation.mark, NO_LOG
    if isinstance(situation.end, outcome.Failed):
        log = ask_for_log(view.snapshot, view.status, pod, builder)
        if log is None:
            return view.status  # nothing else waits: its slot is free, for its container has ended
    uid = pod.metadata.uid
    commit, end = Commit(attempt=view.status.attempt, pod=uid), situation.end
    if mark is not None:
        commit, end = view.commit(uid, mark), _with_refusal(end, view.named_skips(mark).refusal)
    status = _seen_ended(view, pod, now)
    ended, left = _end_of(status, view.stage, pod, now), Evidence(_exit_code(pod), log)
    return record(
        status, view.stage, end, commit, builder=builder, ended=ended, now=now, evidence=left
    )


def _with_refusal(end: outcome.Ended, refusal: str) -> outcome.Ended:
    """Its sentence, and what it has said of other stages in vain."""
    if not refusal or not isinstance(end, outcome.Done):
        return end
    return replace(end, message=f"{end.message}; {refusal}".removeprefix("; "))


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
    builder.facts.append(Recovered("StoredResult", cause_of(view, now), view.status.machine))
    commit, end = view.commit(result.pod, mark), _with_refusal(end, view.named_skips(mark).refusal)
    return record(view.status, view.stage, end, commit, builder=builder, ended=now, now=now)


def _awaits_pod(
    status: StageStatus, since: datetime, view: StageView, builder: PlanBuilder, now: datetime
) -> StageStatus:
    cause = _with_reason(status.message, status.reason)
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


def _with_reason(message: str, reason: str) -> str:
    """The cause first, and its word behind it: another reason will stand in the status."""
    return f"{message} ({reason})" if message else reason


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
    return edits.seen_ended(edits.back(status, now), pod.spec.node_name, started)


def _clamped(
    reported: datetime | None, status: StageStatus, pod: PodView, now: datetime
) -> datetime:
    """When its container started, between its turn and now; now where its node does not say."""
    return clamped(reported or now, status.turnTime or pod.metadata.creation_timestamp, now)


def _exit_code(pod: PodView) -> int | None:
    report = outcome.termination(pod)
    return max(-COUNT_MAX, report.exit_code) if report is not None else None


def _end_of(status: StageStatus, stage: Stage, pod: PodView, now: datetime) -> datetime:
    """When its container ended, between its start and now; now where its node does not say.

    It may have run for its time and no longer: so by a wrong clock no wait that counts from here
    begins anew with each look.
    """
    began, longest = status.startTime, timedelta(seconds=stage.timeoutSeconds + status.awaySeconds)
    latest = now if began is None else min(now, began + longest)
    return clamped(outcome.finished_at(pod) or now, began or status.turnTime, latest)
