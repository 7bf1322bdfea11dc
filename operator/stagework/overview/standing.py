"""The place in a queue that the operator has told a stage, read from its own sentence.

The numbers are no fields of a stage that waits: they change for all at once, and each change of a
field is a write. The sentence is `plans/pipelinejob/queue_sentence.py`; a test holds both together.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from stagework.api import names
from stagework.api.stage_status import StageStatus

_WAITS: Final = re.compile(
    r"waits for an? (?P<machine>[a-z0-9-]+) slot: "
    r"(?:(?:about )?(?P<position>\d+)(?:st|nd|rd|th) of (?:about )?(?P<length>\d+)"
    r"|its place is told in a moment)"
    r".*?; (?P<taken>\d+) of (?P<slots>\d+) taken"
)


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a stage stands in the queue of a class."""

    stage: str
    machine: str
    position: int
    """From 1; 0: not told yet."""
    length: int
    slots: int
    taken: int


def queue_places(stages: Iterable[StageStatus]) -> tuple[QueuePlace, ...]:
    """Of those of a run's stages that wait for a slot and know their place."""
    places = (queue_place(stage) for stage in stages)
    return tuple(place for place in places if place is not None and place.position)


def queue_place(stage: StageStatus) -> QueuePlace | None:
    """Of a stage that waits for a slot; else None."""
    if not stage.waiting or stage.reason != names.WAIT_SLOT:
        return None
    found = _WAITS.match(stage.message)
    if found is None:
        return None
    return QueuePlace(
        stage=stage.name,
        machine=found["machine"],
        position=int(found["position"] or 0),
        length=int(found["length"] or 0),
        slots=int(found["slots"]),
        taken=int(found["taken"]),
    )
