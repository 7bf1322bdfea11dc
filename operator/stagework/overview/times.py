"""How long a run has taken, by one rule for every view."""

from datetime import datetime

from stagework.api.pipelinejob import PipelineJob


def begin(run: PipelineJob) -> datetime:
    """Since when the run's time counts: its acceptance, before that its creation."""
    return run.status.startTime or run.metadata.creationTimestamp


def elapsed_seconds(run: PipelineJob, now: datetime) -> float:
    """From the run's begin to its end, or to now while it goes on."""
    return ((run.status.completionTime or now) - begin(run)).total_seconds()
