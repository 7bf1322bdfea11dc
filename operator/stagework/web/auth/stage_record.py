"""Which attempt is this Pod's? What the run's own status says, and nothing that the Pod says.

1. The Pod's Job must be a recorded one, by name, and by uid where that is recorded.
2. Its attempt must not have ended: nothing is committed of the stage, and it is not given up.
3. The Pod must be the recorded one. A Pod is recorded before its gate is removed.
4. An operator that records no uids of Jobs records the Pod a moment after its gate is removed: as
   long as it has not, the Job decides, and whose Job is not recorded either is asked to wait.

After the commit the Pod is nobody any more (answers that are remembered hold for a minute longer):
it has stored `result.json`, after which an attempt's artifacts change no more, and has ended but
for what others have put into it.
"""

from http import HTTPStatus

from stagework.api.observed import OwnerReference
from stagework.web.cluster import RecordedAttempt, Run
from stagework.web.errors import ProblemError, forbidden


def recorded_attempt(run: Run, job: OwnerReference, pod_uid: str) -> RecordedAttempt:
    """The attempt that the Pod works for; raises ProblemError: 403, or 425 where it is early."""
    found = next((attempt for attempt in run.attempts if attempt.job == job.name), None)
    if found is None and not any(attempt.job_uid for attempt in run.attempts):
        raise ProblemError(
            HTTPStatus.TOO_EARLY,
            "this Pod is not recorded yet in the status of its PipelineJob",
            "try again in a second",
            {"Retry-After": "1"},
        )
    if found is None or found.ended or not _is_recorded(found, job, pod_uid):
        raise forbidden(
            "this token's Pod is not the recorded one of a stage that is at work",
            "only the Pod of a stage's current attempt may use artifacts",
        )
    return found


def _is_recorded(attempt: RecordedAttempt, job: OwnerReference, pod_uid: str) -> bool:
    if attempt.job_uid not in {"", job.uid}:
        return False
    return attempt.pod == pod_uid or not (attempt.pod or attempt.job_uid)
