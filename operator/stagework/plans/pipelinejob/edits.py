"""The changes that a stage's status can undergo, by name: each takes one status and gives the next.

Nothing is decided here. What a change must set, and what it must clear, stands in one place. Every
message goes through `sentence` here, whoever has written it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from stagework.api import names
from stagework.api.base import COUNT_MAX, TOTAL_MAX
from stagework.api.causes import sentence
from stagework.api.stage_status import (
    EARLIER_KEPT,
    WITH_ITS_RUN,
    Approval,
    Commit,
    EndedAttempt,
    SkipRecord,
    StageState,
    StageStatus,
    Stopping,
)
from stagework.api.text import REASON_LETTERS

Correct = Callable[[datetime | None], datetime | None]
"""Gives a time as it can be."""


def with_times(status: StageStatus, correct: Correct, not_before: datetime | None) -> StageStatus:
    """The same with other times on record."""
    return status.evolve(
        turnTime=correct(status.turnTime),
        recreatedTime=correct(status.recreatedTime),
        waitingSince=correct(status.waitingSince),
        awaySince=correct(status.awaySince),
        lostTime=correct(status.lostTime),
        suspectedTime=correct(status.suspectedTime),
        startTime=correct(status.startTime),
        completionTime=correct(status.completionTime),
        notBeforeTime=not_before,
    )


# --- before its Pod runs --------------------------------------------------------------------------


def waiting(
    status: StageStatus, reason: str, message: str, since: datetime | None = None
) -> StageStatus:
    """It waits for a stated cause, before its turn; `since`: when no node of its class was left."""
    return _before_its_turn(status, "Waiting", reason, message, since)


def machine_away(status: StageStatus, message: str, since: datetime) -> StageStatus:
    """It is deferred: machines of its class may be away, and none is there, `since` then."""
    return _before_its_turn(status, "Deferred", names.WAIT_MACHINE_AWAY, message, since)


def _before_its_turn(
    status: StageStatus, state: StageState, reason: str, message: str, since: datetime | None
) -> StageStatus:
    wanted = (state, reason, sentence(message), "", None, since)
    s = status
    if (s.state, s.reason, s.message, s.machine, s.turnTime, s.waitingSince) == wanted:
        return status
    return status.evolve(
        state=state,
        reason=reason,
        message=wanted[2],
        machine="",
        turnTime=None,
        waitingSince=since,
    )


def backing_off(status: StageStatus) -> StageStatus:
    """It waits for the end of its back-off."""
    return status.evolve(state="Waiting", reason=names.WAIT_BACKOFF)


def not_put_off(status: StageStatus, message: str) -> StageStatus:
    """A person wants its next attempt at once: the budget is renewed; the number is unused yet."""
    return status.evolve(
        state="Waiting",
        reason=names.RETRIED_BY_PERSON,
        message=sentence(message),
        failures=0,
        interruptions=0,
        deferrals=0,
        notBeforeTime=None,
    )


def not_run(status: StageStatus, reason: str, message: str) -> StageStatus:
    """It will never start: something above it is in the way."""
    return status.evolve(state="NotRun", reason=reason, message=sentence(message))


def given_back(status: StageStatus) -> StageStatus:
    """Nothing is in its way any more: it waits again."""
    return status.evolve(state="Waiting", reason="", message="", skip=None, completionTime=None)


def kept_from_starting(status: StageStatus, reason: str, message: str) -> StageStatus:
    """Its run was ended before its turn came; where that is taken back, it starts at once."""
    return not_run(status, reason, message).evolve(
        machine="", turnTime=None, waitingSince=None, notBeforeTime=None
    )


def left_out(status: StageStatus, by: str, reason: str, at: datetime | None) -> StageStatus:
    """A stage above it (`by`) has found that nobody needs it, when it ended."""
    return status.evolve(
        state="Skipped",
        reason=reason,
        message=f"{by} found it not to be needed",
        skip=SkipRecord(stage=by),
        completionTime=at,
    )


def approved(status: StageStatus, record: Approval) -> StageStatus:
    """Somebody has let it pass."""
    return status.evolve(approval=record)


def unapproved(status: StageStatus) -> StageStatus:
    """What was approved is done anew: it waits for approval again."""
    return status.evolve(approval=None) if status.approval is not None else status


def granted(status: StageStatus, machine: str, at: datetime) -> StageStatus:
    """Its turn has come on this class; when it came first is kept."""
    return status.evolve(
        state="Starting",
        machine=machine,
        turnTime=status.turnTime or at,
        reason=names.WAIT_POD,
        message=failed_start(status),
        notBeforeTime=None,
    )


def failed_start(status: StageStatus) -> str:
    """Why the attempt before this one could not start, as its message still says; else nothing.

    It is what people want to know until this attempt has something of its own to tell.
    """
    late = f"attempt {status.attempt - 1}: {names.START_DEADLINE}"
    return status.message if status.message.startswith(late) else ""


def stuck(status: StageStatus) -> StageStatus:
    """It cannot start, for the reason that stands there already, and has given its slot back."""
    message = status.message
    if status.reason == names.WAIT_POD and message == failed_start(status):
        message = f"Kubernetes makes no Pod for its Job: see `kubectl describe job {status.job}`"
    return status.evolve(state="Stuck", message=message)


def with_job(status: StageStatus, job: str, uid: str, late: datetime | None = None) -> StageStatus:
    """That Job is its own: the answer to our own create has told its uid.

    `late`: when that was, where its turn had come long before.
    """
    return status.evolve(job=job, jobUid=uid, recreatedTime=late or status.recreatedTime)


def job_asked_for(status: StageStatus, job: str) -> StageStatus:
    """A Job of that name is being made; which one that is, is not known yet."""
    return status.evolve(job=job, jobUid="")


def job_refused(status: StageStatus, reason: str, message: str) -> StageStatus:
    """The API server would not take its Job, for now."""
    return status.evolve(reason=reason, message=sentence(message), job="", jobUid="")


def refused(status: StageStatus, reason: str, message: str) -> StageStatus:
    """The API server does not let be done what is to be done for it now."""
    return status.evolve(reason=reason, message=sentence(message))


def recreated(status: StageStatus, at: datetime | None = None) -> StageStatus:
    """Its Job goes and another is made for the same attempt, under another name.

    `at`: by our clock, where the next one is given its time from now on.
    """
    count = next_count(status.remakes)
    return status.evolve(remakes=count, job="", jobUid="", recreatedTime=at or status.recreatedTime)


def never_ran(status: StageStatus) -> StageStatus:
    """Its Job ended while its Pod was held: another is made."""
    message = "its Job ended before its turn and is made anew"
    return recreated(status).evolve(reason=names.WAIT_POD, message=message)


def gate_removed(status: StageStatus) -> StageStatus:
    """Somebody else removed the gate of its Pod: it has no turn until that Pod has ended."""
    message = "somebody else removed its Pod's gate: the Pod is ended and its Job made anew"
    return waiting(status, names.WAIT_GATE_REMOVED, message)


def stray_ended(status: StageStatus) -> StageStatus:
    """The Pod whose gate somebody else removed has ended."""
    return recreated(status).evolve(reason=names.WAIT_POD, message="")


def chosen(status: StageStatus, pod_uid: str) -> StageStatus:
    """This Pod of its is about to be ungated: the only one that may commit."""
    return status.evolve(pod=pod_uid, reason="Scheduling", waitingSince=None)


def unchosen(status: StageStatus) -> StageStatus:
    """The Pod that was to be ungated is held, and goes so: nothing of it has run."""
    return status.evolve(pod="")


def put_on_hold(status: StageStatus, message: str) -> StageStatus:
    """Its run was suspended before the gate of its chosen Pod was off: it has no turn."""
    return status.evolve(
        state="Starting", reason=names.WAIT_SUSPENDED, message=sentence(message), turnTime=None
    )


# --- while its Pod is there -----------------------------------------------------------------------


def starting(
    status: StageStatus, node: str, reason: str, message: str, turn: datetime
) -> StageStatus:
    """Its Pod is being placed, or its image pulled."""
    return status.evolve(
        state="Starting",
        node=node,
        reason=reason[:REASON_LETTERS],
        message=sentence(message),
        turnTime=turn,
        lostTime=None,
        suspectedTime=None,
    )


def started(status: StageStatus, node: str, at: datetime) -> StageStatus:
    """Its container runs."""
    return status.evolve(
        state="Running",
        node=node,
        reason="",
        message="",
        startTime=at,
        lostTime=None,
        suspectedTime=None,
    )


def away(status: StageStatus, node: str, message: str, at: datetime) -> StageStatus:
    """The machine on which it has begun is away; since when is kept."""
    return status.evolve(
        state="Away",
        node=node or status.node,
        reason=names.WAIT_MACHINE_AWAY,
        message=sentence(message),
        awaySince=status.awaySince or at,
        lostTime=None,
        suspectedTime=None,
    )


def back(status: StageStatus, at: datetime) -> StageStatus:
    """Its machine is no more away: so long none of its clocks has run."""
    if status.awaySince is None:
        return status
    seconds = max(0, round((at - status.awaySince).total_seconds()))
    total = min(status.awaySeconds + seconds, TOTAL_MAX)
    return status.evolve(awaySince=None, awaySeconds=total)


def seen_ended(status: StageStatus, node: str, started_at: datetime | None) -> StageStatus:
    """Where it ran and since when, as its Pod says at last."""
    return status.evolve(
        node=node or status.node, lostTime=None, suspectedTime=None, startTime=started_at
    )


def stopping(status: StageStatus, reason: str, message: str) -> StageStatus:
    """A verdict is recorded; its Pod is ended by a later plan, which reads the record."""
    return status.evolve(stopping=Stopping(reason=reason, message=sentence(message)))


_FINAL: Final = WITH_ITS_RUN | {names.SKIPPED_BY_PERSON}
"""Verdicts after which no other attempt follows."""


def ended_with_its_run(status: StageStatus, reason: str, message: str) -> StageStatus:
    """Its run is ended, by a person or at its deadline.

    What has ended stays; what waits is not run; what is at work is ended, unless it is being ended
    already so that nothing follows. A verdict after which it would be tried again gives way.
    """
    if status.waiting:
        return kept_from_starting(status, reason, message)
    if not status.active or (status.stopping is not None and status.stopping.reason in _FINAL):
        return status
    return stopping(status, reason, message)


# --- while its Pod is missed ----------------------------------------------------------------------


def result_asked(status: StageStatus) -> StageStatus:
    """The artifact store is asked what its attempt has left."""
    return status.evolve(
        reason=names.WAIT_RESULT,
        message="its Pod is gone; the artifact store is asked for its result",
    )


def pod_unseen(status: StageStatus) -> StageStatus:
    """The API server is asked whether its Pod, which our watch does not show, is there."""
    return status.evolve(
        reason=names.WAIT_POD_LOST,
        message="its Pod is seen no more; the API server is asked whether it is gone",
    )


def unproved(status: StageStatus, at: datetime) -> StageStatus:
    """Its Pod is missed; where it ends now, whoever retries it waits for the proof."""
    return status.evolve(lostTime=status.lostTime or at)


def pod_lost(
    status: StageStatus,
    message: str,
    since: datetime | None,
    suspected: datetime,
    *,
    is_away: bool = False,
) -> StageStatus:
    """Nothing proves that its process has ended; `since`: from when the wait for that counts."""
    begun: StageState = "Running" if status.startTime is not None else "Starting"
    state: StageState = "Away" if is_away else begun if status.away else status.state
    return status.evolve(
        state=state,
        reason=names.WAIT_POD_LOST,
        message=sentence(message),
        lostTime=since,
        suspectedTime=None if is_away else suspected,
    )


def node_lost(status: StageStatus, node: str, message: str, suspected: datetime) -> StageStatus:
    """Its Pod is there, and nobody knows what has become of its node."""
    return status.evolve(
        node=node or status.node,
        reason=names.WAIT_NODE_LOST,
        message=sentence(message),
        suspectedTime=suspected,
    )


def on_boot(status: StageStatus, boot_id: str) -> StageStatus:
    """It runs on a node that has booted so."""
    return status.evolve(bootId=boot_id) if boot_id != status.bootId else status


def orphaned(status: StageStatus, message: str, at: datetime) -> StageStatus:
    """Its process has gone, or is taken to have gone: it has failed, and no attempt is used up."""
    return status.evolve(
        state="Failed",
        reason=names.ORPHANED,
        message=sentence(message),
        completionTime=at,
        stopping=None,
        exitCode=None,
    )


def reported_late(status: StageStatus, exit_code: int) -> StageStatus:
    """The process of its attempt, which was given up, has ended with that code after all."""
    return status.evolve(exitCode=exit_code)


def earlier_reported_late(status: StageStatus, attempt: int, exit_code: int) -> StageStatus:
    """Likewise of an attempt before the current one."""
    earlier = [
        ended.model_copy(update={"exitCode": exit_code}) if ended.attempt == attempt else ended
        for ended in status.earlier
    ]
    return status.evolve(earlier=earlier)


def question_dropped(status: StageStatus) -> StageStatus:
    """The Job that had ended without a Pod is gone too: nothing is left to ask about."""
    return status.evolve(reason=names.WAIT_POD, message="") if status.pod_missed else status


# --- at the end of an attempt ---------------------------------------------------------------------


def committed(
    status: StageStatus,
    state: StageState,
    reason: str,
    message: str,
    *,
    commit: Commit | None,
    at: datetime,
) -> StageStatus:
    """Its work is done; what is needed no more is dropped, so that objects stay small."""
    return _without_traces(status).evolve(
        state=state,
        reason=reason,
        message=sentence(message),
        commit=commit,
        completionTime=at,
        pod="",  # the commit has it
        remakes=0,
        recreatedTime=None,
        turnTime=None,
        notBeforeTime=None,
        stopping=None,
    )


def failed(
    status: StageStatus,
    reason: str,
    message: str,
    *,
    at: datetime,
    failures: int,
    interruptions: int,
    exit_code: int | None = None,
    log_line: str = "",
) -> StageStatus:
    """No attempt is left."""
    return status.evolve(
        state="Failed",
        reason=reason,
        message=sentence(message),
        failures=failures,
        interruptions=interruptions,
        completionTime=at,
        stopping=None,
        lostTime=None,
        suspectedTime=None,
        exitCode=exit_code,
        logLine=log_line,
    )


def stopped(status: StageStatus, reason: str, message: str, at: datetime) -> StageStatus:
    """Its run was ended while it was at work, and nothing of it runs, as far as known.

    Where that is not proved, whoever retries it waits for the proof.
    """
    return status.evolve(
        state="Failed",
        reason=reason,
        message=sentence(message),
        completionTime=at,
        stopping=None,
    )


def attempt_ended(
    status: StageStatus, reason: str, at: datetime, exit_code: int | None = None
) -> StageStatus:
    """Its attempt joins those before the current one, of which another follows."""
    ended = EndedAttempt(attempt=status.attempt, reason=reason, exitCode=exit_code, time=at)
    return status.evolve(earlier=[*status.earlier, ended][-EARLIER_KEPT:])


def skipped(
    status: StageStatus, message: str, at: datetime, record: SkipRecord | None
) -> StageStatus:
    """A person has skipped it, and nothing of it runs."""
    return status.evolve(
        state="Skipped",
        reason=names.SKIPPED_BY_PERSON,
        message=sentence(message),
        skip=record,
        completionTime=at,
        stopping=None,
    )


def skip_recorded(status: StageStatus, record: SkipRecord) -> StageStatus:
    """A person has skipped it while it is at work: it is ended first."""
    return status.evolve(skip=record)


def reopened(status: StageStatus, message: str) -> StageStatus:
    """A person wants a new attempt of what was skipped while its process may have lived.

    It is missed again: the new attempt follows once the old one has ended for certain.
    """
    again = status.evolve(
        state="Running", reason=names.WAIT_POD_LOST, message="", skip=None, completionTime=None
    )
    return stopping(again, names.RETRIED_BY_PERSON, message)


def next_attempt(
    status: StageStatus,
    reason: str,
    message: str,
    not_before: datetime | None,
    *,
    state: StageState = "Waiting",
) -> StageStatus:
    """Another attempt, from nothing; the counts and the person's skip stay.

    Numbers never come again: after the highest there is none, and the stage has failed.
    """
    if status.attempt >= COUNT_MAX:
        return _without_number(status)
    return _without_traces(status).evolve(
        state=state,
        attempt=status.attempt + 1,
        reason=reason,
        message=sentence(message),
        notBeforeTime=not_before,
        remakes=0,
        recreatedTime=None,
        job="",
        jobUid="",
        pod="",
        node="",
        machine="",
        turnTime=None,
        startTime=None,
        completionTime=None,
        stopping=None,
        commit=None,
        exitCode=None,
        logLine="",
    )


def _without_traces(status: StageStatus) -> StageStatus:
    """Without what was noted of where its process was, and whether it was seen."""
    return status.evolve(
        waitingSince=None,
        awaySince=None,
        awaySeconds=0,
        bootId="",
        lostTime=None,
        suspectedTime=None,
    )


def next_count(count: int) -> int:
    """A count after one more time: it stays within what the status may hold."""
    return min(count + 1, COUNT_MAX)


def _without_number(status: StageStatus) -> StageStatus:
    return status.evolve(
        state="Failed",
        reason=names.TOO_MANY_ATTEMPTS,
        message="no attempt has a higher number: make a new run",
        pod="",
        stopping=None,
        lostTime=None,
        suspectedTime=None,
        notBeforeTime=None,
    )


def renewed(status: StageStatus, reason: str, message: str) -> StageStatus:
    """A new attempt at a person's wish: the budget is renewed, the numbers only grow."""
    fresh = status.evolve(failures=0, interruptions=0, deferrals=0, skip=None)
    if status.state == names.STAGE_FAILED_STATE and status.completionTime is not None:
        fresh = attempt_ended(fresh, status.reason, status.completionTime, status.exitCode)
    return next_attempt(fresh, reason, message, None)
