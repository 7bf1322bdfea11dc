"""How long is a refusal of the API server believed before the action is tried again?

Known it stays until the action succeeds: what a status says of it does not come and go with each
try.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from stagework.plans.plan import ActionKey, Cause, Refusal

FINAL_SECONDS: Final = 3600.0
"""What can never work as written is asked for again this late: what refused it may be mended."""
MARGIN_SECONDS: Final = 0.01
"""The object is reconciled so long after a refusal has run out."""
OUTDATED_TIMES: Final = 6
"""Refused so often in a row for being outdated, it is no race any more: it is said."""
KNOWN_SECONDS: Final = 600.0
"""So long after it has run out a refusal is forgotten: nobody wants the action any more."""


class Pause(NamedTuple):
    """From the first refusal in a row on, doubled with each further one."""

    first_seconds: float
    longest_seconds: float


PAUSES: Final[dict[Cause, Pause]] = {
    "Invalid": Pause(FINAL_SECONDS, FINAL_SECONDS),
    "NameTaken": Pause(5.0, 60.0),
    "Denied": Pause(5.0, 60.0),
    "OverQuota": Pause(10.0, 10.0),
    "Unavailable": Pause(0.5, 30.0),
    "Outdated": Pause(0.05, 30.0),
}


def believed_seconds(refusal: Refusal, times: int = 1) -> float:
    """How long a refusal is believed from when it was given, the `times`-th in a row."""
    pause = PAUSES[refusal.cause]
    doubled = pause.first_seconds * 2.0 ** min(times - 1, 20)
    return max(min(pause.longest_seconds, doubled), refusal.retry_after_seconds)


class Noted(NamedTuple):
    """What follows from a refusal."""

    seconds: float
    """Until the action may be tried again."""
    times: int
    """How often it was refused in a row."""


@dataclass(frozen=True, slots=True)
class _Kept:
    refusal: Refusal
    until: float
    times: int


class Refusals:
    """What was refused for one object, by the action; clock in seconds."""

    def __init__(self) -> None:
        self._kept: dict[ActionKey, _Kept] = {}

    def note(self, action: ActionKey, refusal: Refusal, now_seconds: float) -> Noted:
        """An action was refused just now."""
        before = self._kept.get(action)
        times = before.times + 1 if before is not None else 1
        seconds = believed_seconds(refusal, times)
        if refusal.cause == "Outdated" and times >= OUTDATED_TIMES:
            refusal = replace(refusal, cause="Unavailable")
        self._kept[action] = _Kept(refusal, now_seconds + seconds, times)
        return Noted(seconds, times)

    def done(self, action: ActionKey) -> bool:
        """The action was done; True: it had been refused before."""
        return self._kept.pop(action, None) is not None

    def pause(self, action: ActionKey, now_seconds: float) -> float:
        """Seconds for which it is of no use to try this action; 0: try."""
        kept = self._kept.get(action)
        return max(0.0, kept.until - now_seconds) if kept is not None else 0.0

    def next_due(self, now_seconds: float) -> float | None:
        """Seconds until one more may be tried again; None: nothing waits for that.

        What is refused for good ends what wanted it: nobody comes back for it.
        """
        passing = (kept for kept in self._kept.values() if not kept.refusal.final)
        later = [kept.until - now_seconds for kept in passing if kept.until > now_seconds]
        return min(later, default=None)

    def known(self, now_seconds: float) -> dict[ActionKey, Refusal]:
        """All that was refused and not done since, each saying whether it may be tried again."""
        if not self._kept:
            return {}
        oldest = now_seconds - KNOWN_SECONDS
        self._kept = {action: kept for action, kept in self._kept.items() if kept.until > oldest}
        return {
            action: replace(kept.refusal, due=kept.until <= now_seconds)
            for action, kept in self._kept.items()
        }
