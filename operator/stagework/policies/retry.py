"""An attempt has failed, was interrupted or deferred: is it tried again, and when?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.stages import Stage

MAX_INTERRUPTIONS = 10
"""Interruptions cost no attempt, but a stage that is interrupted for ever must end some time."""
INTERRUPTION_BACKOFF_MAX_SECONDS = 60
"""Longest wait after an interruption."""
DEFERRAL_SECONDS = 60
"""Wait after the first deferral; it doubles with each further one."""
DEFERRAL_MAX_SECONDS = 15 * 60
"""Longest wait after a deferral."""


@dataclass(frozen=True)
class RetryAt:
    """Try again, not before this time."""

    moment: datetime


@dataclass(frozen=True)
class GiveUp:
    """No further attempt; `reason` replaces the attempt's own where it is set."""

    reason: str = ""


def after_failure(stage: Stage, failures: int, now: datetime) -> RetryAt | GiveUp:
    """`failures` counts this one; attempts = retries + 1."""
    if failures > stage.retries:
        return GiveUp()
    return RetryAt(now + timedelta(seconds=backoff_seconds(stage, failures)))


def after_interruption(interruptions: int, now: datetime) -> RetryAt | GiveUp:
    """`interruptions` counts this one; 1, 2, 4, ... 60 s between them."""
    if interruptions > MAX_INTERRUPTIONS:
        return GiveUp(names.TOO_MANY_INTERRUPTIONS)
    wait = min(2 ** (interruptions - 1), INTERRUPTION_BACKOFF_MAX_SECONDS)
    return RetryAt(now + timedelta(seconds=wait))


def after_deferral(deferrals: int, now: datetime) -> RetryAt:
    """`deferrals` counts this one; 60, 120, ... 900 s. What is away may come back any time: no end.

    A person who wants it at once asks for a retry, which renews the count.
    """
    doublings = min(deferrals - 1, 10)
    wait = min(DEFERRAL_SECONDS * 2**doublings, DEFERRAL_MAX_SECONDS)
    return RetryAt(now + timedelta(seconds=wait))


def longest_wait(stage: Stage) -> timedelta:
    """No attempt is put off for longer than this, whatever put it off."""
    longest = max(stage.backoffMaxSeconds, DEFERRAL_MAX_SECONDS, INTERRUPTION_BACKOFF_MAX_SECONDS)
    return timedelta(seconds=longest)


def backoff_seconds(stage: Stage, failures: int) -> int:
    """`backoffSeconds` after the first failure, doubled with each further one, up to a maximum."""
    doublings = min(failures - 1, 30)
    return min(stage.backoffSeconds * 2**doublings, stage.backoffMaxSeconds)
