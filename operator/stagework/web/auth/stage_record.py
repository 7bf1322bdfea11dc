"""Which attempt is this Pod's? What the run's own status says, and nothing that the Pod says.

1. The Pod must be the recorded one of an attempt, by uid: that is recorded before its gate is
   removed.
2. Its Job must be the recorded one of that attempt, by name and uid. A Pod without any controller
   was left behind by its Job and goes on: its own uid is recorded.
3. The attempt must not have ended: nothing is committed of the stage, and it is not given up.
4. Release 0.1.0 recorded no uids of Jobs, and a Pod only a moment after its gate was removed. Of
   its attempts the Job's name must agree; until the Pod is recorded it is asked to come again.

After the commit the Pod is nobody any more (answers that are remembered hold for a minute longer):
it has stored `result.json`, after which an attempt's artifacts change no more, and has ended but
for what others have put into it.
"""

from http import HTTPStatus

from stagework.api.observed import OwnerReference
from stagework.web.cluster import RecordedAttempt, Run
from stagework.web.errors import ProblemError, forbidden


def recorded_attempt(run: Run, job: OwnerReference | None, pod_uid: str) -> RecordedAttempt:
    """The attempt that the Pod works for; raises ProblemError: 403, or 425 where it is early.

    `job`: what the Pod says of its controller.
    """
    found = next((attempt for attempt in run.attempts if attempt.pod == pod_uid != ""), None)
    if found is None and _is_early(run, job):
        raise ProblemError(
            HTTPStatus.TOO_EARLY,
            "this Pod is not recorded yet in the status of its PipelineJob",
            "try again in a second",
            {"Retry-After": "1"},
        )
    if found is None or found.ended or not _is_of(found, job):
        raise forbidden(
            "this token's Pod is not the recorded one of a stage that is at work",
            "only the Pod of a stage's current attempt may use artifacts",
        )
    return found


def _is_of(attempt: RecordedAttempt, job: OwnerReference | None) -> bool:
    if job is None:
        return True
    return job.name == attempt.job and attempt.job_uid in {"", job.uid}


def _is_early(run: Run, job: OwnerReference | None) -> bool:
    """It gives no right: a Pod that is never recorded is asked to come again, and never let in."""
    if job is None or any(attempt.job_uid for attempt in run.attempts):
        return False
    return not any(attempt.job == job.name and attempt.pod for attempt in run.attempts)
