"""What earlier batches of its Pipeline tell a batch; nothing ever depends on an answer."""

from datetime import datetime, timedelta
from typing import Final

from stagework.api.batch import BatchStatus
from stagework.plans.batch.asking import Asking
from stagework.plans.batch.snapshot import NO_PRIORS, BatchSnapshot, HistoryQuestion, Priors
from stagework.plans.plan import PlanBuilder

PRIORS_GRACE: Final = timedelta(seconds=10)
"""So long the first chunk waits for the answer what earlier batches have cost, and no longer."""


def asked_priors(snapshot: BatchSnapshot, asking: Asking) -> Priors | None:
    """What is known; None: the answer is still to come."""
    pipeline = snapshot.pipeline
    if pipeline is None or snapshot.batch.status.ended:
        return NO_PRIORS
    question = HistoryQuestion(pipeline.metadata.name, str(pipeline.metadata.generation))
    unavailable = asking.unavailable
    answer = asking.ask(question)
    asking.unavailable = unavailable  # nothing waits for what only helps to guess
    if isinstance(answer, Priors):
        return answer
    return NO_PRIORS if question in snapshot.answers else None


def may_wait(
    snapshot: BatchSnapshot, status: BatchStatus, builder: PlanBuilder, now: datetime
) -> bool:
    """The first chunk, where it sizes itself, waits a moment for what they tell."""
    until = (status.startTime or now) + PRIORS_GRACE
    is_first = snapshot.batch.spec.chunking is not None and not status.nextPosition
    if not is_first or now >= until:
        return False
    builder.wake(until)
    return True
