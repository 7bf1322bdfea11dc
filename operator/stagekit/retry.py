"""Patience: how long and how often a request is repeated.

A finished stage may hold hours of work, so an API service that is being upgraded is waited
for; the self-fence, not this file, ends a stage that has lost everybody.
"""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from stagekit.errors import ServiceUnavailable
from stagekit.text import say

T = TypeVar("T")

_QUIET_TRIES: Final = 2


class TryAgain(Exception):  # noqa: N818  (a signal between two functions, never seen outside)
    """The answer was no answer: 5xx or 429, with the wait that the server asks for (seconds)."""

    def __init__(self, text: str, after_seconds: float = 0, status: int = 0) -> None:
        super().__init__(text)
        self.after_seconds = after_seconds
        self.status = status


@dataclass(frozen=True)
class Patience:
    """Delays double from `first_seconds` to `longest_seconds`, for `total_seconds` in all."""

    first_seconds: float = 0.2
    longest_seconds: float = 10.0
    total_seconds: float = 600.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def ask(self, what: str, action: Callable[[], T]) -> T:
        """Call `action` until it answers; raises ServiceUnavailable when patience ends."""
        began = self.clock()
        delay = self.first_seconds
        tries = 0
        while True:
            tries += 1
            wanted = 0.0
            try:
                return action()
            except TryAgain as error:
                problem, wanted = str(error), error.after_seconds
            except (OSError, http.client.HTTPException) as error:
                problem = f"{type(error).__name__}: {error}"
            # Half fixed, half random: many stages must not come back at the same moment.
            pause = max(delay * (0.5 + self.jitter() / 2), min(wanted, self.longest_seconds * 3))
            if self.clock() - began + pause > self.total_seconds:
                raise ServiceUnavailable(f"{what}: {problem} (tried {tries} times)")
            if tries > _QUIET_TRIES:
                say(f"{what}: {problem}; trying again in {pause:.1f} s")
            self.sleep(pause)
            delay = min(delay * 2, self.longest_seconds)
