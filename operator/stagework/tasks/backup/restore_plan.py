"""What becomes of each object of a backup in an empty cluster: no request, no clock.

1. What people wrote to be used again (Pipelines) is made as it was.
2. A schedule is made suspended, is given its last slot and its statistics, and goes on if it did.
3. What had not ended is made suspended: a person looks at it and lets it go on from its start. It
   has no owner, for that one has another uid now; what a Batch made it makes again.
4. What had ended is history.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from stagework.api.kinds import BATCH, PIPELINE, PIPELINEJOB, SCHEDULEDJOB
from stagework.api.names import SUCCEEDED

SCHEDULE_STATUS: Final = ("lastScheduleTime", "stats", "scheduleDigest")
"""What of a schedule's status is its own and cannot be had again."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Make:
    """Make an object; then give it this status; then let it go on, if it shall."""

    manifest: Json
    status: Json
    resume: bool = False


@dataclass(frozen=True, slots=True)
class ForHistory:
    """A run that has ended: history is told of it, unless it knows."""

    found: Json


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Nothing is made of it."""

    reason: str


def restored(found: Json) -> Make | ForHistory | LeaveOut:
    """What becomes of one object."""
    kind = found.get("kind")
    if kind == PIPELINE.kind:
        return Make(_manifest(found, {}), {})
    if kind == SCHEDULEDJOB.kind:
        return _schedule(found)
    if kind not in {PIPELINEJOB.kind, BATCH.kind}:
        return LeaveOut(f"nothing is known of a {kind}")
    if _ended(found):
        return ForHistory(found) if kind == PIPELINEJOB.kind else LeaveOut("has ended")
    if _controller(found) == BATCH.kind:
        return LeaveOut("its Batch makes it again")
    return Make(_manifest(found, {"suspend": True}), {})


def _schedule(found: Json) -> Make:
    known: Mapping[str, Any] = found.get("status") or {}
    status = {key: known[key] for key in SCHEDULE_STATUS if key in known}
    resume = not found["spec"].get("suspend", False)
    return Make(_manifest(found, {"suspend": True}), status, resume)


def _manifest(found: Json, changes: Json) -> Json:
    meta = found["metadata"]
    kept = {key: meta[key] for key in ("name", "namespace", "labels", "annotations") if key in meta}
    return {
        "apiVersion": found["apiVersion"],
        "kind": found["kind"],
        "metadata": kept,
        "spec": {**found["spec"], **changes},
    }


def _ended(found: Json) -> bool:
    status: Json = found.get("status") or {}
    conditions: list[Json] = status.get("conditions") or []
    return any(c.get("type") == SUCCEEDED and c.get("status") != "Unknown" for c in conditions)


def _controller(found: Json) -> str:
    owners: list[Json] = found["metadata"].get("ownerReferences") or []
    return next((str(owner["kind"]) for owner in owners if owner.get("controller")), "")
