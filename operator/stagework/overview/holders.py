"""Who holds the slots that a run waits for, among the runs that a reader may see."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from stagework.api import names
from stagework.api.pipelinejob import PipelineJob

_WAITED = re.compile(r"waits for an? ([a-z0-9-]+) slot")
"""As the operator says it: the class itself is no field of a stage that waits."""


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
    waiting = (s for s in run.status.stages if s.waiting and s.reason == names.WAIT_SLOT)
    found = (match[1] for s in waiting if (match := _WAITED.match(s.message)) is not None)
    return tuple(dict.fromkeys(found))


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
