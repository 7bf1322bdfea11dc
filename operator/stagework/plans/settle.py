"""Bring one stage up to what its Job and Pod show: running, ended, lost, overdue.

Nothing is started here; starting comes after all stages are settled (plans.start).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stagekit import contract
from stagework.api import names
from stagework.api.observed import NodeView, PodView
from stagework.api.pipelinejob import Commit, StageStatus, Stopping
from stagework.api.stages import Stage
from stagework.plans.copies import Copy
from stagework.plans.outcome_status import conclude, conclude_stopped
from stagework.plans.plan import Draft
from stagework.plans.snapshot import FoundResult, Lookup, Refused
from stagework.policies import deadline
from stagework.policies.mark import BadMark, Mark, read_mark
from stagework.policies.outcome import (
    Done,
    Failed,
    Interrupted,
    MarkSeen,
    NotEnded,
    finished_at,
    judge_end,
)
from stagework.policies.pod_progress import Started, progress

TERMINAL = frozenset({"Succeeded", "Failed", "Skipped", "NotRun"})
"""States in which nothing more happens without a person."""
LOST_GRACE = timedelta(seconds=40)
"""A vanished Pod's process is believed to be gone this long after it was missed, on a ready node:
its grace period of 30 s, and the kubelet's own delay."""


@dataclass(frozen=True)
class Sight:
    """What can be seen of one stage."""

    stage: Stage
    copy: Copy
    lookup: Lookup | None
    node: NodeView | None
    """The node that the status names."""
    run_prefix: str
    """`<namespace>/<run uid>`: where the run's artifacts are."""
    refused: Refused | None = None
    """Why the API server would not take the Job."""


def settle(status: StageStatus, sight: Sight, draft: Draft, now: datetime) -> StageStatus:
    """The stage's status after what has happened to its current attempt."""
    if status.state in TERMINAL:
        return status
    copy = sight.copy
    if copy.pod is not None and copy.lifted:
        return _settle_pod(_seen(status, copy), sight, copy.pod, draft, now)
    if copy.pod is None and (status.pod or (copy.job is not None and copy.job.ended)):
        return _settle_missing(status, sight, draft, now)
    if sight.refused is not None and sight.refused.final and copy.job is None:
        end = Failed(sight.refused.reason, _short(sight.refused.message), final=True)
        return conclude(status, sight.stage, end, None, draft, now)
    if status.stopping is not None and copy.pod is None and copy.job is None:
        return conclude_stopped(status, sight.stage, draft, now)
    if status.state == "Starting" and status.turnTime is not None and status.stopping is None:
        cause = status.message if status.reason != names.WAIT_POD else "Kubernetes made no Pod"
        return _check_start(status, sight.stage, status.turnTime, cause, draft, now)
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
            "machine": meta.labels.get(names.LABEL_MACHINE, status.machine),
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
    update: dict[str, object] = {"node": pod.spec.node_name or status.node}
    if isinstance(started, Started) and started.since is not None:
        update["startTime"] = started.since
    status = status.model_copy(update=update)
    ended = finished_at(pod) or now
    if status.stopping is not None:
        return conclude_stopped(status, sight.stage, draft, ended)
    commit = _commit(status, sight, pod.metadata.uid, mark)
    return conclude(status, sight.stage, end, commit, draft, ended)


def _settle_running(
    status: StageStatus, stage: Stage, pod: PodView, draft: Draft, now: datetime
) -> StageStatus:
    current = progress(pod)
    node = pod.spec.node_name
    if isinstance(current, Started):
        since = current.since or now
        running = {"state": "Running", "reason": "", "message": "", "node": node}
        status = status.model_copy(update={**running, "startTime": since, "lostTime": None})
        clock = deadline.run_time(stage, since, now)
    else:
        message = _short(current.message)
        waiting = {"state": "Starting", "reason": current.reason[:63], "message": message}
        turn = status.turnTime or now
        status = status.model_copy(update={**waiting, "node": node, "turnTime": turn})
        cause = f"{current.reason}: {current.message}".removesuffix(": ")
        clock = deadline.start_time(stage, turn, cause, now)
    return _overdue(status, clock, draft)


def _check_start(
    status: StageStatus, stage: Stage, turn: datetime, cause: str, draft: Draft, now: datetime
) -> StageStatus:
    return _overdue(status, deadline.start_time(stage, turn, cause, now), draft)


def _overdue(
    status: StageStatus, clock: deadline.InTime | deadline.Exceeded, draft: Draft
) -> StageStatus:
    """A verdict is recorded first; the Pod is ended by the next plan, which reads the record."""
    if isinstance(clock, deadline.InTime):
        draft.wake(clock.until)
        return status
    if status.stopping is not None:
        return status
    verdict = Stopping(reason=clock.reason, message=_short(clock.message))
    return status.model_copy(update={"stopping": verdict})


def _settle_missing(
    status: StageStatus, sight: Sight, draft: Draft, now: datetime
) -> StageStatus:
    """The Pod is gone: its stored result decides; without one, evidence that it has ended."""
    if sight.stage.contract == "Mark" and sight.lookup is None:
        draft.lookups.append((status.name, status.attempt))
        return status.model_copy(
            update={"reason": names.WAIT_RESULT, "message": "its Pod is gone; asks for its result"}
        )
    found = sight.lookup.found if sight.lookup is not None else None
    if found is not None and (not status.pod or found.pod == status.pod):
        return _settle_found(status, sight, found, draft, now)
    if status.stopping is not None:
        return conclude_stopped(status, sight.stage, draft, now)
    if sight.stage.contract == "ExitCode" and sight.copy.job and sight.copy.job.completed:
        commit = Commit(attempt=status.attempt, pod=status.pod)
        return conclude(status, sight.stage, Done(), commit, draft, now)
    if not status.pod:  # its Job ended while its Pod was held: it has never started
        return status.model_copy(
            update={"remakes": status.remakes + 1, "job": "", "state": "Waiting", "turnTime": None}
        )
    return _settle_lost(status, sight, draft, now)


def _settle_found(
    status: StageStatus, sight: Sight, found: FoundResult, draft: Draft, now: datetime
) -> StageStatus:
    mark = Mark(
        outcome=found.outcome,
        digest=found.digest,
        items=found.items,
        failed_items=found.failed_items,
    )
    commit = _commit(status, sight, found.pod, mark)
    done = found.outcome in {contract.OUTCOME_SUCCEEDED, contract.OUTCOME_SKIPPED}
    if done and status.stopping is None:
        skipped = found.outcome == contract.OUTCOME_SKIPPED
        end: Done | Failed = Done(skipped, found.reason, found.message)
    else:
        refused = found.outcome == contract.OUTCOME_REFUSED
        reason = found.reason or names.STAGE_REPORTED_FAILURE
        end = Failed(reason, found.message, final=refused)
    if status.stopping is not None:
        return conclude_stopped(status, sight.stage, draft, now)
    return conclude(status, sight.stage, end, commit, draft, now)


def _settle_lost(
    status: StageStatus, sight: Sight, draft: Draft, now: datetime
) -> StageStatus:
    """Gone without a result. Time alone proves nothing: the node must be there and ready too."""
    since = status.lostTime or now
    ready = sight.node is not None and sight.node.ready
    if ready and now >= since + LOST_GRACE:
        return conclude(
            status, sight.stage, Interrupted("its Pod was removed"), None, draft, now
        )
    node = status.node or "its node"
    if ready:
        draft.wake(since + LOST_GRACE)
        message = f"its Pod was removed; a new attempt follows in {LOST_GRACE.seconds} s at most"
    else:
        message = f"its Pod is gone and {node} is not ready: it may still run there"
    return status.model_copy(
        update={"reason": names.WAIT_POD_LOST, "message": _short(message), "lostTime": since}
    )


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


def _commit(
    status: StageStatus, sight: Sight, pod_uid: str, mark: Mark | BadMark | None
) -> Commit:
    """The operator names the winning prefix; what a mark says about places is never used."""
    if not isinstance(mark, Mark):
        return Commit(attempt=status.attempt, pod=pod_uid)
    return Commit(
        attempt=status.attempt,
        pod=pod_uid,
        digest=mark.digest,
        prefix=f"{sight.run_prefix}/{status.name}/{status.attempt}-{pod_uid}",
        items=mark.items,
        failedItems=mark.failed_items,
    )


def _short(text: str) -> str:
    return " ".join(text.split())[:128]
