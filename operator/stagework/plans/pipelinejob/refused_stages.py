"""What has the API server refused of a stage, and what follows for its status and its slot?"""

from stagework.api import names
from stagework.api.stage_status import StageStatus
from stagework.plans.pipelinejob.children import AttemptObjects
from stagework.plans.pipelinejob.snapshot import Snapshot
from stagework.plans.plan import STATUS_WRITE, ActionKey, Cause, Purpose, Refusal, creation

_NOT_MADE: dict[Cause, str] = {
    "Invalid": names.JOB_REFUSED,
    "NameTaken": names.JOB_CONFLICT,
    "Denied": names.JOB_REFUSED,
    "OverQuota": names.WAIT_QUOTA,
    "Unavailable": names.API_UNAVAILABLE,
    "Outdated": names.API_UNAVAILABLE,
}
"""What the refusal of a stage's Job is called in its status."""


NAMES_TRIED = 20
"""Where somebody else's Jobs have so many of the names of an attempt's Job, the stage fails."""


def creation_refused(snapshot: Snapshot, status: StageStatus) -> Refusal | None:
    """What the API server has said against the Job of the stage's current attempt.

    A name that somebody else has taken is no refusal, as long as there are others.
    """
    purpose, taken = Purpose(status.name, status.attempt), snapshot.made
    if taken.taken and taken.taken_for(purpose) >= NAMES_TRIED:
        return Refusal("NameTaken", f"{NAMES_TRIED} names of its Jobs are taken: delete those Jobs")
    refusals = snapshot.refusals
    return refusals.get(creation(*purpose)) if refusals else None


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
    """Whether its Job is refused: to make it takes no slot, for its Pod is held."""
    refusal = creation_refused(snapshot, status) if objects.job is None else None
    return refusal is not None and not refusal.race


def not_made_reason(refusal: Refusal) -> str:
    """What it is called in the status that a Job is refused."""
    return _NOT_MADE[refusal.cause]


def not_changed_reason(refusal: Refusal) -> str:
    """What it is called in the status that a Pod or Job is not released or ended."""
    unavailable = refusal.cause == "Unavailable"
    return names.API_UNAVAILABLE if unavailable else names.CHANGE_REFUSED
