"""What has happened to a stage's current attempt? One situation, told from what can be seen of it.

Told in this order; the first that applies:

1. The recorded Pod is there, and ungated. Its container (a) has not ended, or what it has left is
   not stored yet, and its machine may be away, and is: `IsAway`; (b) has not ended, and nobody
   knows what has become of its node: `NodeLost`; once that is known, or has lasted for too long, as
   if its Pod were gone (4d); (c) has not ended: `Runs`, `Starts`, or `CannotStart` where waiting
   mends nothing; (d) has ended, a verdict being recorded: `Stopped`; where the run was stopped and
   the work was done all the same, that counts; (e) has ended, and another of ours is still storing
   what it has left (`contract: Files`): `Keeps`; (f) has ended: `ContainerEnded`.
2. The recorded Pod is there, and still held: `ChosenHeld`.
3. A Pod of its Job is ungated, and none is recorded: somebody else removed the gate. Nothing of it
   counts. (a) A verdict is recorded: `Stopped` once the Pod has ended; (b) else `GateRemoved`.
4. Its Pod is gone, or its Job ended without one. What has become of its process and of its work?
   Its stored result decides. Without one, time alone proves nothing: a Pod that was removed by
   force, or with its Node, may still run.
   (a) Our watch shows its Pod no more, but the API server was not asked whether it is there all the
   same (its label may have been taken off): `PodUnseen`. (b) A person skipped the stage, or its
   run was ended: no second attempt follows, so nothing needs to be proved: `Stopped`. (c) No Pod
   was recorded, so its gate was never removed by us: `Stopped` by a verdict, or `NeverRan`. (d) The
   artifact store has not been asked what the attempt has left (it is not, where the attempt was to
   be stopped): `ResultUnknown`. (e) It has left a result: `ResultFound`. (f) The Job controller has
   counted a Pod as succeeded, and the API server was not asked since then whether there was another
   than the recorded one, which nobody's labels show: `CountUnproved`. A Job that was counted only
   after the Pod was missed has counted another. (g) It has counted the recorded Pod of an ExitCode
   stage: `CountedByJob`. (h) Its process may live, for neither has the Job controller counted its
   Pod as succeeded, nor does anything else prove that it has ended (`policies/orphans.py`):
   `PodLost`. (i) The store has not been asked once more: `ResultUnknown`. (j) Nothing was proved
   for too long: `GivenUp`. (k) It is over: `Stopped` by a verdict, or `Vanished`.
5. The API server will never take its Job: `RefusedForGood`.
6. A verdict is recorded, and neither Job nor Pod is there: `Stopped`.
7. Its turn has come and no Pod runs yet: `AwaitsPod`.
8. Nothing has happened: `Quiet`.
"""

from dataclasses import dataclass
from datetime import datetime

from stagekit import contract
from stagework.api import names
from stagework.api.observed import JobView, PodView
from stagework.api.stage_status import WITH_ITS_RUN, StageStatus
from stagework.plans.pipelinejob.away import is_away
from stagework.plans.pipelinejob.orphans import recovery_of
from stagework.plans.pipelinejob.snapshot import FoundResult
from stagework.plans.pipelinejob.stage_view import StageView
from stagework.plans.plan import Refusal
from stagework.policies import outcome, sidecar
from stagework.policies.mark import BadMark, Mark, NoMark, read_mark
from stagework.policies.orphans import GiveUp, Wait
from stagework.policies.pod_progress import Hindered, Hopeless, Started, progress


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing has happened that concerns it."""


@dataclass(frozen=True, slots=True)
class AwaitsPod:
    """Its turn has come, and Kubernetes has made no Pod that could run."""

    since: datetime
    """When its turn came."""


@dataclass(frozen=True, slots=True)
class Starts:
    """Its Pod is out, and its container does not run yet."""

    pod: PodView
    reason: str
    message: str
    hindered: bool
    """Something is in its way; it is not merely on its way."""


@dataclass(frozen=True, slots=True)
class IsAway:
    """Its Pod is out, and its machine is away: what was last seen of it says nothing of now."""

    pod: PodView


@dataclass(frozen=True, slots=True)
class NodeLost:
    """Its Pod is out, and nobody knows what has become of its node."""

    pod: PodView


@dataclass(frozen=True, slots=True)
class CannotStart:
    """Its Pod is out, and its container will never run."""

    pod: PodView
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Runs:
    """Its container runs."""

    pod: PodView
    since: datetime | None
    """As the kubelet says; None where it does not."""


@dataclass(frozen=True, slots=True)
class Keeps:
    """Its container has ended, and what it has left is being stored."""

    pod: PodView


@dataclass(frozen=True, slots=True)
class ContainerEnded:
    """Its container has ended, by itself or from outside."""

    pod: PodView
    end: outcome.Ended
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """It has ended as a recorded verdict demands, or it has never run."""

    pod: PodView | None = None
    """With its last report, where it is still there."""


@dataclass(frozen=True, slots=True)
class ChosenHeld:
    """Its Pod was recorded as the one to run, and its gate is (or was, as it is seen) still on."""


@dataclass(frozen=True, slots=True)
class GateRemoved:
    """Somebody else removed the gate of its Pod, before a turn of it was recorded."""

    pod: PodView | None
    """None: it is gone."""
    ended: bool
    """Its container has ended, or it can never start: another Job can be made."""


@dataclass(frozen=True, slots=True)
class PodUnseen:
    """Its Pod is seen no more, and the API server must be asked whether it is gone."""


@dataclass(frozen=True, slots=True)
class CountUnproved:
    """Its Pod is gone and its Job was counted; the API server must be asked for which Pod."""


@dataclass(frozen=True, slots=True)
class ResultUnknown:
    """Its Pod is gone, and the artifact store must be asked first (or once more) what it left."""

    last: bool


@dataclass(frozen=True, slots=True)
class ResultFound:
    """Its Pod is gone, but its result was stored."""

    result: FoundResult


@dataclass(frozen=True, slots=True)
class CountedByJob:
    """Its Pod is gone, but the Job controller had counted it as succeeded."""


@dataclass(frozen=True, slots=True)
class NeverRan:
    """Its Job ended before a Pod of it was chosen."""

    job: JobView | None


@dataclass(frozen=True, slots=True)
class PodLost:
    """Its Pod is gone and its process may live; `node_ready`: its kubelet can end it now."""

    node_ready: bool


@dataclass(frozen=True, slots=True)
class Vanished:
    """Its Pod is gone, its process has ended, and it has left nothing."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Nothing has proved for too long whether its process lives."""


@dataclass(frozen=True, slots=True)
class RefusedForGood:
    """Its Job can never be made as written."""

    refusal: Refusal


Situation = (
    Quiet
    | AwaitsPod
    | Starts
    | CannotStart
    | IsAway
    | NodeLost
    | Runs
    | Keeps
    | ContainerEnded
    | Stopped
    | ChosenHeld
    | GateRemoved
    | PodUnseen
    | CountUnproved
    | ResultUnknown
    | ResultFound
    | CountedByJob
    | NeverRan
    | PodLost
    | Vanished
    | GivenUp
    | RefusedForGood
)
_QUIET = Quiet()
_NO_ATTEMPT_FOLLOWS = frozenset({names.SKIPPED_BY_PERSON, *WITH_ITS_RUN})
"""Verdicts after which nothing of the stage is started."""


def situation_of(view: StageView, now: datetime) -> Situation:
    """Tell the situation of a stage that has not ended."""
    status, job, pod = view.status, view.objects.job, view.objects.pod
    if pod is not None and status.pod == pod.metadata.uid:
        return _with_pod(view, pod, now) if view.objects.ungated else ChosenHeld()
    if not status.pod and (view.objects.ungated or _gate_was_removed(view)):
        return _with_gate_removed(status, pod)
    if status.pod or (pod is None and job is not None and job.ended):
        return _without_pod(view, now)
    if job is None:
        refusal = view.refusal
        if refusal is not None and refusal.final:
            return RefusedForGood(refusal)
        if pod is None and status.stopping is not None:
            return Stopped()
    if status.starting and status.turnTime is not None:
        return AwaitsPod(status.turnTime)
    return _QUIET


def _with_pod(view: StageView, pod: PodView, now: datetime) -> Situation:
    status, rules = view.status, view.end_rules
    kept = sidecar.kept(pod) if rules.files and outcome.termination(pod) is not None else None
    gone_away = is_away(view.snapshot, status, pod.spec.node_name)
    if isinstance(kept, sidecar.AtWork) and status.stopping is None:
        return IsAway(pod) if gone_away else Keeps(pod)
    mark = read_mark(
        _mark_text(pod, rules, kept),
        stage=view.stage.name,
        attempt=status.attempt,
        pod=pod.metadata.uid,
    )
    end = outcome.judge_end(pod, _mark_seen(mark, pod, kept), rules)
    if isinstance(end, outcome.NotEnded):
        if (lost := _on_lost_node(view, pod, now, gone_away=gone_away)) is not None:
            return lost
        current = progress(pod)
        if isinstance(current, Started):
            return Runs(pod, current.since)
        if isinstance(current, Hopeless):
            return CannotStart(pod, current.reason, current.message)
        hindered = isinstance(current, Hindered)
        return Starts(pod, current.reason, current.message, hindered)
    if status.stopping is not None and not (status.stopped and isinstance(end, outcome.Done)):
        return Stopped(pod)
    return ContainerEnded(pod, end, mark if isinstance(mark, Mark) else None)


def _on_lost_node(
    view: StageView, pod: PodView, now: datetime, *, gone_away: bool
) -> Situation | None:
    """None: its node is as it should be, or none was chosen yet."""
    step = recovery_of(view, now) if pod.spec.node_name else None
    if step is not None and not isinstance(step, Wait):
        return _once_lost(view, now, counted=False)
    if gone_away:
        return IsAway(pod)
    return NodeLost(pod) if step is not None else None


def _gate_was_removed(view: StageView) -> bool:
    return view.status.reason == names.WAIT_GATE_REMOVED and view.objects.pod is None


def _with_gate_removed(status: StageStatus, pod: PodView | None) -> Situation:
    ended = pod is None or outcome.over(pod)
    if status.stopping is None:
        return GateRemoved(pod, ended)
    return Stopped() if ended else _QUIET


def _without_pod(view: StageView, now: datetime) -> Situation:
    status, job, verdict = view.status, view.objects.job, view.status.stopping
    if status.pod and (view.read is None or view.read.pod is not None):
        return PodUnseen()
    if verdict is not None and verdict.reason in _NO_ATTEMPT_FOLLOWS:
        return Stopped()
    if not status.pod:
        return Stopped() if verdict is not None else NeverRan(job)
    return _once_lost(view, now, counted=_is_counted(view))


def _once_lost(view: StageView, now: datetime, *, counted: bool | None) -> Situation:
    """Nobody will hear of its process any more; what has it left?"""
    verdict = view.status.stopping
    if verdict is not None and verdict.reason in _NO_ATTEMPT_FOLLOWS:
        return Stopped()
    if view.stage.contract != "ExitCode" and verdict is None:
        if view.answer is None:
            return ResultUnknown(last=False)
        result = _result_of(view)
        if result is not None:
            return ResultFound(result)
    return CountUnproved() if counted is None else _without_result(view, now, counted=counted)


def _without_result(view: StageView, now: datetime, *, counted: bool) -> Situation:
    by_exit_code, verdict = view.stage.contract == "ExitCode", view.status.stopping
    if counted and by_exit_code and verdict is None:
        return CountedByJob()
    step = None if counted else recovery_of(view, now)
    if isinstance(step, Wait):
        return PodLost(view.node_ready)
    unproved = isinstance(step, GiveUp) and not step.proved
    if verdict is not None:
        return GivenUp() if unproved else Stopped()
    if not (by_exit_code or counted) and view.last_answer is None:
        return ResultUnknown(last=True)
    return GivenUp() if unproved else Vanished()


def _is_counted(view: StageView) -> bool | None:
    """Whether its Job has counted the recorded Pod as succeeded; None: that must be asked."""
    job, read = view.objects.job, view.count_read
    if job is None or not job.completed or view.status.lostTime is not None:
        return False
    return None if read is None else not (read.replaced or view.objects.replaced)


def _result_of(view: StageView) -> FoundResult | None:
    """A result of the recorded Pod."""
    for answer in (view.answer, view.last_answer):
        result = answer.of_pod(view.status.pod) if answer is not None else None
        if result is not None and (view.stage.contract != "Files" or _is_proof(result)):
            return result
    return None


def _is_proof(result: FoundResult) -> bool:
    """Whether a Files stage had ended well when it was written: its author saw no process end."""
    return type(result.exit_code) is int and result.exit_code == contract.EXIT_OK


def _mark_text(pod: PodView, rules: outcome.EndRules, kept: sidecar.Kept | None) -> str:
    """The termination message that should be a mark: the stage's own, or that of ours."""
    if kept is not None:
        return kept.text if isinstance(kept, sidecar.Said) else ""
    if rules.files:
        return sidecar.fetched(pod)
    report = outcome.termination(pod)
    return "" if report is None or rules.by_exit_code else report.message


def _mark_seen(
    mark: Mark | BadMark | NoMark, pod: PodView, kept: sidecar.Kept | None
) -> outcome.MarkSeen:
    fenced = isinstance(kept, sidecar.Fenced) or sidecar.fetch_lost_contact(pod)
    match mark:
        case Mark():
            return outcome.MarkSeen(mark.outcome, mark.reason, mark.full_message, fenced=fenced)
        case BadMark():
            return outcome.MarkSeen("", mark.reason, mark.message, bad=True, fenced=fenced)
        case NoMark():
            missing = kept.cause if isinstance(kept, sidecar.NotSaid) else ""
            return outcome.MarkSeen(fenced=fenced, missing=missing)
