"""May a run that has ended be removed, or does history not know all of it yet?

1. What history has acknowledged goes.
2. What has waited for that for an hour goes all the same: without an end a history that is away
   would keep every object.
3. What says that it may go since a time to come has a clock that is wrong, and does not wait.
4. Else it is asked again: the longer it takes the more seldom.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

HISTORY_WAIT: Final = timedelta(hours=1)
"""So long history may take to acknowledge a run that could go."""
SHORTEST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(seconds=60)
"""From one question whether it has to the next."""


@dataclass(frozen=True)
class Remembered:
    """It goes: history has all of it."""


@dataclass(frozen=True)
class Missed:
    """It goes without: some of it may be lost."""


@dataclass(frozen=True)
class AskAgain:
    """It stays until then at least."""

    at: datetime


def history_wait(
    *, remembered: bool, since: datetime | None, now: datetime
) -> Remembered | Missed | AskAgain:
    """What becomes of it; `since`: when it could have gone, None where nobody knows."""
    if remembered:
        return Remembered()
    if since is None or not since <= now < since + HISTORY_WAIT:
        return Missed()
    pause = min(max(now - since, SHORTEST_PAUSE), LONGEST_PAUSE)
    return AskAgain(min(now + pause, since + HISTORY_WAIT))
