"""Batches that cannot be read, or about which deciding fails: each says so, once."""

from datetime import datetime

from stagework.api import names
from stagework.api.batch import Batch
from stagework.api.causes import sentence
from stagework.api.conditions import Status, conditions_for
from stagework.plans.batch.snapshot import BatchPlan
from stagework.plans.plan import Event, Plan, PlanBuilder


def unreadable(batch: Batch, fault: str, now: datetime) -> BatchPlan:
    """One that no version could read: refused for good, unless something of it has begun."""
    if batch.status.manifest is not None:
        return not_understood(batch, fault, now)
    return _said(batch, names.INVALID_SPEC, fault, now, succeeded="False")


def not_understood(batch: Batch, fault: str, now: datetime) -> BatchPlan:
    """One that another version's schema let in: it waits for an operator that knows it."""
    text = f"{fault}; this operator's version does not know it: upgrade the operator"
    return _said(batch, names.NOT_UNDERSTOOD, text, now)


def undecidable(batch: Batch, fault: str, now: datetime) -> BatchPlan:
    """Deciding about it fails; it is tried again."""
    text = f"deciding about it fails ({fault}); it is tried again, see the operator's log"
    return _said(batch, names.CANNOT_BE_PLANNED, text, now)


def _said(
    batch: Batch, reason: str, text: str, now: datetime, *, succeeded: Status = "Unknown"
) -> BatchPlan:
    if batch.status.ended:
        return Plan()
    message, generation, builder = sentence(text), batch.metadata.generation, PlanBuilder()
    status = batch.status.evolve(
        observedGeneration=generation,
        conditions=conditions_for(
            batch.status.conditions,
            generation,
            succeeded=succeeded,
            reason=reason,
            message=message,
            now=now,
            stalled=True,
        ),
        summary=reason,
        message=message,
        completionTime=now if succeeded == "False" else None,
    )
    if status == batch.status:
        return builder.plan(None)
    if batch.status.summary != reason:
        builder.events.append(Event(reason, message, "Warning"))
    return builder.plan(status, urgent=True)
