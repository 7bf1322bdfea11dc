"""A batch that somebody has deleted and that is there still: its runs go first.

It says so, and nothing of it is begun any more.
"""

from datetime import datetime

from stagework.api import names
from stagework.api.conditions import conditions_for
from stagework.api.judgement import TARGET_NOT_FOUND
from stagework.plans.batch.snapshot import BatchPlan, BatchSnapshot
from stagework.plans.interventions import refuse_all
from stagework.plans.plan import PlanBuilder


def deleting(snapshot: BatchSnapshot, now: datetime) -> BatchPlan:
    """What is said of it until it has gone."""
    batch, builder = snapshot.batch, PlanBuilder()
    builder.afterwards.extend(refuse_all(snapshot.interventions, TARGET_NOT_FOUND, now))
    if batch.status.ended:
        return builder.plan(None)
    message = "it is being deleted"
    generation = batch.metadata.generation
    status = batch.status.evolve(
        observedGeneration=generation,
        conditions=conditions_for(
            batch.status.conditions,
            generation,
            succeeded="Unknown",
            reason=names.DELETING,
            message=message,
            now=now,
        ),
        summary=names.DELETING,
        message=message,
    )
    return builder.plan(status if status != batch.status else None, urgent=True)
