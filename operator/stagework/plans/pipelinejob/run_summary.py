"""The status of a whole run where one thing is said of it, whatever its stages do."""

from datetime import datetime

from stagework.api.conditions import Status, conditions_for
from stagework.api.pipelinejob import PipelineJob, PipelineJobStatus


def with_summary(
    run: PipelineJob,
    succeeded: Status,
    reason: str,
    message: str,
    now: datetime,
    *,
    stalled: bool = False,
    before: PipelineJobStatus | None = None,
) -> PipelineJobStatus:
    """Said alike in the columns, in the message and in the conditions, of its newest spec.

    The rest is left as it is in the run's status, or in `before`.
    """
    return (before or run.status).evolve(
        observedGeneration=run.metadata.generation,
        conditions=conditions_for(
            run.status.conditions,
            run.metadata.generation,
            succeeded=succeeded,
            reason=reason,
            message=message,
            now=now,
            stalled=stalled,
        ),
        summary=reason,
        message=message,
    )
