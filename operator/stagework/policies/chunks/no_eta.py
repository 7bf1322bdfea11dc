"""Why nothing is said of when a batch will end.

The first of these that holds: suspended; its artifacts are out of reach; it has no live slot; a
chunk of it is on a machine that is away; too few chunks have ended, and no history is known;
nothing has ended for three times as long as a chunk takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from stagework.policies.chunks.batch_view import BatchView
from stagework.policies.chunks.fit import Fit

FEWEST_ENDED: Final = 3
MOST_ENDED: Final = 20
"""As many chunks of a class must have ended as it has slots, between these two."""
QUIET: Final = 3.0
"""Nothing is said where nothing has ended for so many times as long as a chunk takes."""

NoEtaReason = Literal[
    "Suspended", "ArtifactsUnavailable", "NoSlot", "MachineAway", "NoHistoryYet", "NothingEnds"
]

SENTENCES: Final[Mapping[NoEtaReason, str]] = {
    "Suspended": "none while the batch is suspended",
    "ArtifactsUnavailable": "none while its artifacts are out of reach",
    "NoSlot": "none while no machine has a slot for it",
    "MachineAway": "none while a machine that has a chunk of it is away",
    "NoHistoryYet": "none yet: too few chunks have ended",
    "NothingEnds": "none: for three times as long as a chunk takes none has ended",
}


@dataclass(frozen=True, slots=True)
class NoEta:
    """Nothing can be said, and why."""

    reason: NoEtaReason

    @property
    def sentence(self) -> str:
        """For people."""
        return SENTENCES[self.reason]


def why_none(view: BatchView) -> NoEtaReason | None:
    """None: an estimate can be made."""
    if view.suspended:
        return "Suspended"
    if view.artifacts_unavailable:
        return "ArtifactsUnavailable"
    if not view.slots:
        return "NoSlot"
    if view.machine_away:
        return "MachineAway"
    fits = [(view.fits.get(machine), machine) for machine in view.machines]
    if not all(_is_known(fitted, view.slots.count(machine)) for fitted, machine in fits):
        return "NoHistoryYet"
    lasts = [
        fitted.seconds(chunk.items)
        for chunk in view.running
        if (fitted := view.fits[chunk.machine]) is not None
    ]
    is_quiet = bool(lasts) and view.quiet_seconds > QUIET * max(lasts)
    return "NothingEnds" if is_quiet else None


def _is_known(fitted: Fit | None, slots: int) -> bool:
    """The first chunks to end are the short ones."""
    if fitted is None:
        return False
    return fitted.history is not None or fitted.ended >= max(FEWEST_ENDED, min(slots, MOST_ENDED))
