"""The log of an attempt that fails: it is kept before its Pod goes, and its last line is told.

The API service reads and keeps it. Nothing else waits for that: the run goes on once there is an
answer, and there is one within a bounded time, if only that the log is not to be had.
"""

from typing import Final

from stagework.api import names
from stagework.api.observed import PodView
from stagework.api.stage_status import WITH_ITS_RUN, StageStatus
from stagework.plans.pipelinejob.snapshot import LogAnswer, LogQuestion, Snapshot
from stagework.plans.plan import PlanBuilder
from stagework.policies.logged_container import logged_container

NO_LOG: Final = LogAnswer()
"""None of its containers has run, or no logs are kept."""


def ask_for_log(
    snapshot: Snapshot, status: StageStatus, pod: PodView, builder: PlanBuilder
) -> LogAnswer | None:
    """What is known of the attempt's log; None: that is being asked for."""
    container = logged_container(pod) if snapshot.settings.keep_logs else ""
    if not container:
        return NO_LOG
    meta = pod.metadata
    question = LogQuestion(status.name, status.attempt, meta.uid, meta.name, container)
    answer = snapshot.logs.get(question)
    if answer is None:
        builder.questions.append(question)
    return answer


def known_log(snapshot: Snapshot, status: StageStatus) -> LogAnswer:
    """What is known of it where its Pod is gone: nothing can be asked any more."""
    if not snapshot.settings.keep_logs:
        return NO_LOG
    wanted = (status.name, status.attempt, status.pod)
    for question, answer in snapshot.logs.items():
        if _is_log(question) and (question.stage, question.attempt, question.pod) == wanted:
            return answer
    return NO_LOG


def _is_log(question: object) -> bool:
    """All answers about a run come in one mapping."""
    return isinstance(question, LogQuestion)


_LOGGED: Final = WITH_ITS_RUN | {names.TIMED_OUT}


def reads_log_first(status: StageStatus) -> bool:
    """Whether its Pod is ended for a verdict after which people ask for its log."""
    return status.stopping is not None and status.stopping.reason in _LOGGED
