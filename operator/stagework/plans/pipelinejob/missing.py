"""The Pod of a stage is gone: what has become of its process, and of its work?

Its stored result decides. Without one, time alone proves nothing: a Pod that was removed by force,
or with its Node, may still run. In this order:

1. A person skipped the stage: no second copy follows, so nothing needs to be proved.
2. The artifact store is asked what the attempt has left (not where the copy was to be stopped).
3. Its gate was never lifted: it has never run, its Job is made anew.
4. The Job controller counted its Pod as succeeded: its process has ended.
5. Its node has been ready for LOST_GRACE without a break since the Pod is missed: its kubelet
   knows of the removal and has ended the process. The store is asked once more, then it is over.
"""

from datetime import datetime, timedelta

from stagekit import contract
from stagework.api import names
from stagework.api.pipelinejob import Commit, StageStatus
from stagework.api.text import one_line
from stagework.plans.pipelinejob.outcomes import conclude, conclude_stopped
from stagework.plans.plan import DeleteJob, Draft
from stagework.plans.pipelinejob.stage_view import Sight, question
from stagework.plans.pipelinejob.snapshot import FoundResult
from stagework.policies.mark import cleaned_mark
from stagework.policies.outcome import Deferred, Done, Ended, Failed, Interrupted

LOST_GRACE = timedelta(seconds=90)
"""A node is reported not ready 55 s after its kubelet fell silent; then the Pod's grace period of
30 s. So a node that is still ready after this long has heard of the removal and has acted."""
NODE_LOOK = timedelta(seconds=30)
"""How often to look whether the node has come back."""


def settle_missing(status: StageStatus, sight: Sight, draft: Draft, now: datetime) -> StageStatus:
    """The status of a stage whose lifted Pod is gone, or whose Job ended without a Pod."""
    verdict, stage, job = status.stopping, sight.stage, sight.copy.job
    if verdict is not None and verdict.reason == names.SKIPPED_BY_PERSON:
        return conclude_stopped(status, stage, draft, now)
    asks = stage.contract == "Mark" and verdict is None
    if asks and sight.answer is None:
        return _ask(status, draft, last=False)
    found = _found(status, sight)
    if asks and found is not None:
        return _settle_found(status, sight, found, draft, now)
    completed = job is not None and job.completed
    if completed and stage.contract == "ExitCode" and verdict is None:
        commit = Commit(attempt=status.attempt, pod=status.pod)
        draft.recovered.append("JobCondition")
        return conclude(status, stage, Done(), commit, draft=draft, ended=now)
    if not status.pod:
        return _never_ran(status, sight, draft, now)
    if not completed and not _over(status, sight, now):
        return _wait(status, sight, draft, now)
    if asks and not completed and sight.last_answer is None:
        return _ask(status, draft, last=True)
    if verdict is not None:
        return conclude_stopped(status, stage, draft, now)
    end = Interrupted("its Pod was removed and left no result")
    return conclude(status, stage, end, None, draft=draft, ended=now)


def _ask(status: StageStatus, draft: Draft, *, last: bool) -> StageStatus:
    draft.lookups.append(question(status, last=last))
    said = "its Pod is gone; the artifact store is asked for its result"
    return status.model_copy(update={"reason": names.WAIT_RESULT, "message": said})


def _found(status: StageStatus, sight: Sight) -> FoundResult | None:
    """A result of the recorded Pod; of any where a restart has lost the record."""
    for answer in (sight.answer, sight.last_answer):
        found = answer.found if answer is not None else None
        if found is not None and status.pod in {"", found.pod}:
            return found
    return None


def _settle_found(
    status: StageStatus, sight: Sight, found: FoundResult, draft: Draft, now: datetime
) -> StageStatus:
    said = {"digest": found.digest, "reason": found.reason, "message": found.message}
    counts = {"items": found.items, "failed": found.failed_items}
    mark = cleaned_mark(found.outcome, said, counts)
    commit = sight.commit(status, found.pod, mark)
    draft.recovered.append("StoredResult")
    if mark.outcome in {contract.OUTCOME_SUCCEEDED, contract.OUTCOME_SKIPPED}:
        skipped = mark.outcome == contract.OUTCOME_SKIPPED
        end: Ended = Done(skipped=skipped, reason=mark.reason, message=mark.message)
    elif mark.outcome == contract.OUTCOME_DEFERRED:
        end = Deferred(mark.reason or names.WAIT_DEFERRED, mark.message)
    else:
        refused = mark.outcome == contract.OUTCOME_REFUSED
        reason = names.INPUT_REFUSED if refused else names.STAGE_REPORTED_FAILURE
        end = Failed(mark.reason or reason, mark.message, final=refused)
    return conclude(status, sight.stage, end, commit, draft=draft, ended=now)


def _never_ran(status: StageStatus, sight: Sight, draft: Draft, now: datetime) -> StageStatus:
    """Its Job ended while its Pod was held: that costs no attempt, the Job is made anew."""
    if status.stopping is not None:
        return conclude_stopped(status, sight.stage, draft, now)
    job = sight.copy.job
    if job is not None and not sight.copy.job_leaves:
        draft.actions.append(DeleteJob(job.metadata.name, job.metadata.uid))
    said = "its Job ended before its turn and is made anew"
    return status.model_copy(update={"reason": names.WAIT_POD, "message": said, "job": ""})


def _over(status: StageStatus, sight: Sight, now: datetime) -> bool:
    since = status.lostTime
    return sight.node_ready and since is not None and now >= since + LOST_GRACE


def _wait(status: StageStatus, sight: Sight, draft: Draft, now: datetime) -> StageStatus:
    if sight.node_ready:
        since = status.lostTime or now
        draft.wake(since + LOST_GRACE)
        seconds = LOST_GRACE.seconds
        said = f"its Pod was removed; a new attempt follows {seconds} s after it was missed"
    else:
        # The time counts anew from when the node is ready again: only then its kubelet acts.
        since = None
        draft.wake(now + NODE_LOOK)
        said = f"its Pod is gone and {_where(status)} not ready: it may still run there"
    lost = {"reason": names.WAIT_POD_LOST, "message": one_line(said), "lostTime": since}
    return status.model_copy(update=lost)


def _where(status: StageStatus) -> str:
    if status.node:
        return f"node {status.node} is"
    return f"the nodes of class {status.machine} are"
