"""Who holds the slots that a run waits for, among the runs that a reader may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from stagework.api.pipelinejob import PipelineJob
from stagework.overview.standing import queue_place


@dataclass(frozen=True, slots=True)
class SlotHolder:
    """A stage that has a slot."""

    machine: str
    namespace: str
    run: str
    stage: str
    seconds: float
    """Since its turn came."""


def classes_waited_for(run: PipelineJob) -> tuple[str, ...]:
    """Machine classes for a slot of which stages of the run wait."""
    places = (queue_place(stage) for stage in run.status.stages)
    return tuple(dict.fromkeys(place.machine for place in places if place is not None))


def slot_holders(
    runs: Iterable[PipelineJob], machines: Iterable[str], now: datetime
) -> tuple[SlotHolder, ...]:
    """Who has slots of these classes, by class, the longest first."""
    wanted = frozenset(machines)
    found = [
        SlotHolder(
            machine=stage.machine,
            namespace=run.metadata.namespace,
            run=run.metadata.name,
            stage=stage.name,
            seconds=(now - (stage.turnTime or stage.startTime or now)).total_seconds(),
        )
        for run in runs
        for stage in run.status.stages
        if stage.active and not stage.stuck and stage.machine in wanted
    ]
    return tuple(sorted(found, key=lambda h: (h.machine, -h.seconds, h.namespace, h.run)))
