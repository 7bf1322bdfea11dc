"""What a change of a run's spec comes to, as a sentence."""

from stagework.api.pipelinejob import PipelineJob


def suspended(run: PipelineJob) -> str:
    """Nothing new starts."""
    name = run.metadata.name
    if run.spec.suspend:
        return f"{name} is suspended already"
    at_work = [stage.name for stage in run.status.stages if stage.active]
    goes_on = f"; at work, and going on: {', '.join(at_work)}" if at_work else ""
    return f"{name}: suspended, nothing new starts{goes_on}"


def resumed(run: PipelineJob) -> str:
    """It goes on."""
    name = run.metadata.name
    return f"{name}: resumed" if run.spec.suspend else f"{name} is not suspended"


def with_priority(run: PipelineJob, number: int) -> str:
    """It goes before others, or behind them."""
    before, name = run.spec.priority, run.metadata.name
    if before == number:
        return f"{name} has priority {number} already"
    return f"{name}: priority {before} -> {number}"
