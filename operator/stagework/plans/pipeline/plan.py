"""What a Pipeline's status shall say: told at once what is written, and after a while who uses it.

A busy Pipeline has runs that begin and end all the time. How many there are is told again after a
pause, so that a thousand runs do not cost a thousand writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from stagework.api import names
from stagework.api.conditions import conditions_of_use
from stagework.api.machines import Fleet
from stagework.api.pipeline import Pipeline, PipelineSpec, PipelineStatus
from stagework.plans.plan import Event, Plan, PlanBuilder
from stagework.policies.validity import effective_params, faults

COUNT_PAUSE: Final = timedelta(seconds=10)
"""So long after its last write a status is not written for the number of runs alone."""


@dataclass(frozen=True)
class Use:
    """What is known of it beside its own object."""

    runs: int
    """How many runs name it and have not ended."""
    written: datetime | None = None
    """When its status was last written; None: not by this process."""


def judged(
    pipeline: Pipeline,
    before: PipelineStatus,
    use: Use,
    fleet: Fleet,
    now: datetime,
) -> Plan[PipelineStatus]:
    """Say whether runs can use it."""
    spec = pipeline.spec
    sentences = faults(spec.stages, None, effective_params(spec.params, {}), fleet)
    after = PipelineStatus(
        observedGeneration=pipeline.metadata.generation,
        conditions=conditions_of_use(
            before.conditions,
            pipeline.metadata.generation,
            ready=not sentences,
            reason=names.INVALID_SPEC if sentences else names.ACCEPTED,
            message="; ".join(sentences),
            now=now,
        ),
        **_counts(spec),
        runs=use.runs,
    )
    return _plan(before, after, use.written, now)


def not_readable(
    pipeline: Pipeline,
    before: PipelineStatus,
    use: Use,
    fault: tuple[str, str],
    now: datetime,
) -> Plan[PipelineStatus]:
    """Say that its spec cannot be read; `fault`: the reason and a sentence. What is known of its
    stages and params stays as it was said before.
    """
    reason, message = fault
    after = before.evolve(
        observedGeneration=pipeline.metadata.generation,
        conditions=conditions_of_use(
            before.conditions,
            pipeline.metadata.generation,
            ready=False,
            reason=reason,
            message=message,
            now=now,
        ),
        runs=use.runs,
    )
    return _plan(before, after, use.written, now)


def _counts(spec: PipelineSpec) -> dict[str, int]:
    return {"stages": len(spec.stages), "params": len(spec.params)}


def _plan(
    before: PipelineStatus, after: PipelineStatus, written: datetime | None, now: datetime
) -> Plan[PipelineStatus]:
    builder = PlanBuilder()
    if after == before:
        return builder.plan(None)
    if after.evolve(runs=before.runs) == before:
        due = now if written is None else written + COUNT_PAUSE
        if now < due:
            builder.wake(due)
            return builder.plan(None)
        return builder.plan(after)
    builder.events.extend(_events(before, after))
    return builder.plan(after, urgent=True)


def _events(before: PipelineStatus, after: PipelineStatus) -> Sequence[Event]:
    said, says = (
        [(c.reason, c.message) for c in status.conditions if c.type == names.READY]
        for status in (before, after)
    )
    if said == says:
        return ()
    return [
        Event(names.EVENT_INVALID, message, "Warning")
        for reason, message in says
        if reason != names.ACCEPTED
    ]
