"""What has the API server refused of a stage, and what follows for its status and its slot?"""

from stagework.api import names
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.children import AttemptObjects
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.plans.plan import STATUS_WRITE, ActionKey, Cause, Refusal, creation

_NOT_MADE: dict[Cause, str] = {
    "Invalid": names.JOB_REFUSED,
    "NameTaken": names.JOB_CONFLICT,
    "Denied": names.JOB_REFUSED,
    "OverQuota": names.WAIT_QUOTA,
    "Unavailable": names.API_UNAVAILABLE,
    "Outdated": names.API_UNAVAILABLE,
}
"""What the refusal of a stage's Job is called in its status."""
_WITHOUT_POD = frozenset({names.WAIT_QUOTA, names.POD_REFUSED})
"""Events have said that no Pod is made for its Job."""


def creation_refused(snapshot: Snapshot, status: StageStatus) -> Refusal | None:
    """What the API server has said against the Job of the stage's current attempt.

    A name that somebody else has taken is no refusal, as long as others are tried.
    """
    refusals = snapshot.refusals
    return refusals.get(creation(status.name, status.attempt)) if refusals else None


def ungate_refused(snapshot: Snapshot, objects: AttemptObjects) -> Refusal | None:
    """Why its Pod is not released, though its turn had come."""
    if not snapshot.refusals or objects.pod is None or objects.ungated:
        return None
    refusal = snapshot.refusals.get(ActionKey("ungate", objects.pod.metadata.uid))
    return None if refusal is None or refusal.race else refusal


def change_refused(snapshot: Snapshot, objects: AttemptObjects) -> Refusal | None:
    """Why its Pod or Job is not ended."""
    for known in (objects.pod, objects.job):
        if known is not None and snapshot.refusals:
            refusal = snapshot.refusals.get(ActionKey("delete", known.metadata.uid))
            if refusal is not None and not refusal.race:
                return refusal
    return None


def is_put_off(snapshot: Snapshot) -> bool:
    """Whether a slot is of no use to the run now: what it does with one cannot be recorded."""
    written = snapshot.refusals.get(STATUS_WRITE) if snapshot.refusals else None
    return written is not None and not written.race and not written.due


def tries_without_slot(snapshot: Snapshot, status: StageStatus, objects: AttemptObjects) -> bool:
    """Whether no Pod of it is there and none will come for now: to try on takes no slot.

    It is stuck without one, or its Job is refused, or the Pod of its Job.
    """
    if objects.pod is not None:
        return False
    if status.stuck or (status.starting and status.reason in _WITHOUT_POD):
        return True
    refusal = creation_refused(snapshot, status) if objects.job is None else None
    return refusal is not None and not refusal.race


def not_made_reason(refusal: Refusal) -> str:
    """What it is called in the status that a Job is refused."""
    return _NOT_MADE[refusal.cause]


def not_changed_reason(refusal: Refusal) -> str:
    """What it is called in the status that a Pod or Job is not released or ended."""
    unavailable = refusal.cause == "Unavailable"
    return names.API_UNAVAILABLE if unavailable else names.CHANGE_REFUSED
