"""Bring one stage up to what its Job and Pod show: running, ended, lost, overdue.

Nothing is started here; starting comes after all stages are settled (plans.start).
"""

from datetime import datetime

from stagework.api import names
from stagework.api.observed import PodView
from stagework.api.pipelinejob import Commit, StageStatus, Stopping
from stagework.api.stages import Stage
from stagework.api.text import one_line
from stagework.plans.pipelinejob.children import Copy
from stagework.plans.pipelinejob.missing import settle_missing
from stagework.plans.pipelinejob.outcomes import conclude, conclude_stopped
from stagework.plans.plan import Draft
from stagework.plans.pipelinejob.run_status import ENDED
from stagework.plans.pipelinejob.stage_view import Sight
from stagework.policies import deadline
from stagework.policies.mark import BadMark, Mark, read_mark
from stagework.policies.outcome import Failed, MarkSeen, NotEnded, finished_at, judge_end
from stagework.policies.pod_progress import Started, progress


def settle(status: StageStatus, sight: Sight, draft: Draft, now: datetime) -> StageStatus:
    """The stage's status after what has happened to its current attempt.

    In this order: (1) what has ended stays; (2) the Pod whose gate is lifted says how it goes;
    (3) that Pod is gone, or its Job ended without one; (4) the Job can never be made; (5) nothing
    is left of a copy that was to be stopped; (6) its turn has come and no Pod runs yet.
    """
    if status.state in ENDED:
        return status
    copy = sight.copy
    if copy.pod is not None and copy.lifted and status.pod in {"", copy.pod.metadata.uid}:
        return _settle_pod(_seen(status, copy), sight, copy.pod, draft, now)
    if status.pod or (copy.pod is None and copy.job is not None and copy.job.ended):
        if copy.pod is not None and copy.pod.metadata.uid == status.pod:
            return status  # a view from before the lift
        status = settle_missing(status, sight, draft, now)
        if status.pod or status.state != "Starting":
            return status
    elif status.reason in {names.WAIT_RESULT, names.WAIT_POD_LOST}:
        # The Job that had ended without a Pod is gone too: nothing is left to ask about.
        status = status.model_copy(update={"reason": names.WAIT_POD, "message": ""})
    refused = sight.refused
    if refused is not None and refused.final and copy.job is None:
        end = Failed(refused.reason, one_line(refused.message), final=True)
        return conclude(status, sight.stage, end, None, draft=draft, ended=now)
    if status.stopping is not None and copy.pod is None and copy.job is None:
        return conclude_stopped(status, sight.stage, draft, now)
    if status.state == "Starting" and status.turnTime is not None:
        said = f"{status.reason}: {status.message}".removesuffix(": ")
        cause = said if status.reason != names.WAIT_POD else "Kubernetes made no Pod"
        clock = deadline.start_time(sight.stage, status.turnTime, cause, now)
        return _overdue(status, clock, draft)
    return status


def _seen(status: StageStatus, copy: Copy) -> StageStatus:
    """Note which Pod it is, as soon as its gate is lifted."""
    if copy.pod is None or status.pod == copy.pod.metadata.uid:
        return status
    meta = copy.pod.metadata
    return status.model_copy(
        update={
            "pod": meta.uid,
            "job": copy.job.metadata.name if copy.job is not None else status.job,
            "machine": meta.labels.get(names.LABEL_MACHINE, status.machine)[:31],
        }
    )


def _settle_pod(
    status: StageStatus, sight: Sight, pod: PodView, draft: Draft, now: datetime
) -> StageStatus:
    mark = _read(sight.stage, status, pod)
    seen = _mark_seen(mark)
    end = judge_end(pod, seen, exit_code_decides=sight.stage.contract == "ExitCode")
    if isinstance(end, NotEnded):
        return _settle_running(status, sight.stage, pod, draft, now)
    started = progress(pod)
    update: dict[str, object] = {"node": pod.spec.node_name or status.node, "lostTime": None}
    if isinstance(started, Started) and started.since is not None:
        update["startTime"] = started.since
    status = status.model_copy(update=update)
    ended = finished_at(pod) or now
    if status.stopping is not None:
        return conclude_stopped(status, sight.stage, draft, ended)
    commit = (
        sight.commit(status, pod.metadata.uid, mark)
        if isinstance(mark, Mark)
        else Commit(attempt=status.attempt, pod=pod.metadata.uid)
    )
    return conclude(status, sight.stage, end, commit, draft=draft, ended=ended)


def _settle_running(
    status: StageStatus, stage: Stage, pod: PodView, draft: Draft, now: datetime
) -> StageStatus:
    current = progress(pod)
    seen = {"node": pod.spec.node_name, "lostTime": None}
    if isinstance(current, Started):
        since = current.since or status.startTime or now
        running = {"state": "Running", "reason": "", "message": "", "startTime": since}
        status = status.model_copy(update={**seen, **running})
        clock = deadline.run_time(stage, since, now)
    else:
        said = one_line(current.message)
        turn = status.turnTime or now
        starting = {"state": "Starting", "reason": current.reason[:63], "message": said}
        status = status.model_copy(update={**seen, **starting, "turnTime": turn})
        cause = f"{current.reason}: {said}".removesuffix(": ")
        clock = deadline.start_time(stage, turn, cause, now)
    return _overdue(status, clock, draft)


def _overdue(
    status: StageStatus, clock: deadline.InTime | deadline.Exceeded, draft: Draft
) -> StageStatus:
    """A verdict is recorded first; the Pod is ended by the next plan, which reads the record."""
    if status.stopping is not None:
        return status
    if isinstance(clock, deadline.InTime):
        draft.wake(clock.until)
        return status
    verdict = Stopping(reason=clock.reason, message=one_line(clock.message))
    return status.model_copy(update={"stopping": verdict})


def _read(stage: Stage, status: StageStatus, pod: PodView) -> Mark | BadMark | None:
    if stage.contract == "ExitCode":
        return None
    state = pod.container(names.STAGE_CONTAINER)
    if state is None or state.terminated is None:
        return None
    mark = read_mark(
        state.terminated.message, stage=stage.name, attempt=status.attempt, pod=pod.metadata.uid
    )
    return mark if isinstance(mark, Mark | BadMark) else None


def _mark_seen(mark: Mark | BadMark | None) -> MarkSeen:
    if isinstance(mark, Mark):
        return MarkSeen(mark.outcome, mark.reason, mark.message)
    if isinstance(mark, BadMark):
        return MarkSeen(reason=mark.reason, message=mark.message, bad=True)
    return MarkSeen()
