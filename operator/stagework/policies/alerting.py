"""Is this word new, or was it said before?

1. What is wrong is said once: its key stays open until it is well again.
2. What is well is said only where its key is open, which closes it.
3. What is said once for ever is remembered by its key, the last ones of them.

A word counts as said only once somebody has taken it: until then it is new.

Who watches all the time, and does not hear from a source that it is well, asks how long what is
open has been quiet.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

ONCE_KEPT: Final = 100
"""So many keys of what was said once for ever are remembered, the last ones."""
OPEN_KEPT: Final = 1000
"""So many open keys are remembered, the last ones: a source with more is broken itself."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said before."""

    open: tuple[str, ...] = ()
    """Keys of what is wrong, in the order in which it was said."""
    once: tuple[str, ...] = ()
    """Keys of what was said once for ever, the last one last."""

    def opened(self, key: str) -> "Said":
        """After it was said that this is wrong."""
        return replace(self, open=_last((*self.open, key), OPEN_KEPT))

    def closed(self, key: str) -> "Said":
        """After it was said that this is well again."""
        return replace(self, open=tuple(known for known in self.open if known != key))

    def noted(self, key: str) -> "Said":
        """After this was said, once for ever."""
        return replace(self, once=_last((*self.once, key), ONCE_KEPT))


def after_failing(said: Said, key: str) -> Said | None:
    """What is known once it was said that this is wrong; None: it is known already."""
    return None if key in said.open else said.opened(key)


def after_well(said: Said, key: str) -> Said | None:
    """What is known once it was said that this is well; None: nobody has heard otherwise."""
    return said.closed(key) if key in said.open else None


def after_once(said: Said, key: str) -> Said | None:
    """What is known once this was said; None: it was."""
    return None if key in said.once else said.noted(key)


def quiet_since(
    open_keys: Collection[str],
    failing: Collection[str],
    before: Mapping[str, datetime],
    now: datetime,
) -> dict[str, datetime]:
    """Since when what was said to be wrong has not been found wrong, by key.

    `failing`: what is wrong, or of which nobody can say; `before`: the answer of the time before.
    """
    return {key: before.get(key, now) for key in open_keys if key not in failing}


def well_again(quiet: Mapping[str, datetime], after: timedelta, now: datetime) -> tuple[str, ...]:
    """Keys of what has been quiet for so long that it is well: what comes and goes is one word."""
    return tuple(key for key, since in quiet.items() if now - since >= after)


def _last(keys: tuple[str, ...], number: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))[-number:]
