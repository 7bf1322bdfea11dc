"""How long is a refusal of the API server believed before the child is asked for again?"""

from typing import Final

from stagework.plans.plan import Purpose, Refusal

FINAL_SECONDS: Final = 3600.0
"""What can never work as written is asked for again this late: what refused it may be mended."""
PASSING_SECONDS: Final = 10.0
"""What may work later (quota) is asked for again after this long."""
RECONCILE_SECONDS: Final = PASSING_SECONDS + 0.1
"""The object is reconciled this long after a refusal, when a passing one is believed no more."""


def believed_seconds(refusal: Refusal) -> float:
    """How long a refusal is believed from when it was given."""
    return FINAL_SECONDS if refusal.final else PASSING_SECONDS


class Refusals:
    """What was refused for one object, by what it was for; clock in seconds."""

    def __init__(self) -> None:
        self._until: dict[Purpose, tuple[Refusal, float]] = {}

    def note(self, purpose: Purpose, refusal: Refusal, now_seconds: float) -> None:
        """A child was refused just now."""
        self._until[purpose] = (refusal, now_seconds + believed_seconds(refusal))

    def believed(self, now_seconds: float) -> dict[Purpose, Refusal]:
        """Refusals that have not run out; the others are forgotten."""
        if not self._until:
            return {}
        self._until = {p: kept for p, kept in self._until.items() if kept[1] > now_seconds}
        return {purpose: refusal for purpose, (refusal, _) in self._until.items()}
