"""The list of items is frozen before anything is run: what its source holds later is not seen."""

from dataclasses import dataclass
from datetime import datetime

from stagework.api import names
from stagework.api.batch import BatchStatus, FrozenManifest
from stagework.plans.batch.asking import Asking
from stagework.plans.batch.snapshot import (
    BatchSnapshot,
    FreezeQuestion,
    Freezing,
    ItemsRefused,
    SourceMissing,
)


@dataclass(frozen=True)
class NotFrozen:
    """Why nothing can be run yet, or never."""

    reason: str
    message: str
    final: bool = False


def freeze(snapshot: BatchSnapshot, asking: Asking, now: datetime) -> BatchStatus | NotFrozen:
    """The status with the frozen list, or why there is none."""
    status = snapshot.batch.status
    match asking.ask(FreezeQuestion()):
        case FrozenManifest() as manifest if manifest.total > 0:
            return status.evolve(
                manifest=manifest, total=manifest.total, roundTotal=manifest.total, startTime=now
            )
        case FrozenManifest():
            return NotFrozen(
                names.INVALID_ITEMS,
                "the list holds no item: name a source that has some in a new Batch",
                final=True,
            )
        case ItemsRefused(reason, message):
            return NotFrozen(names.INVALID_ITEMS, f"{reason}: {message}", final=True)
        case SourceMissing(message):
            return NotFrozen(names.SOURCE_NOT_READY, message)
        case Freezing(items):
            return NotFrozen(names.FREEZING, f"the list is being frozen: {items} items so far")
        case _:
            pass
    if asking.unavailable is not None:
        return NotFrozen(names.ARTIFACTS_UNAVAILABLE, asking.unavailable.message)
    return NotFrozen(names.FREEZING, "the list is being frozen")
