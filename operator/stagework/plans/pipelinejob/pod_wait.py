"""Since when does a stage at its turn wait for the Pod of its present Job?

By our own clock. By the API server's, which may be wrong by hours, each new Job might be thrown
away at once, or its Events be asked for before they can say anything.
"""

from datetime import datetime, timedelta

from stagework.api.observed import EPOCH
from stagework.api.stage_status import StageStatus

LATE = timedelta(seconds=10)
"""A Job that is made so long after its stage's turn came has its own time for a Pod: it was refused
meanwhile, or its name was taken."""


def made_late(status: StageStatus, now: datetime) -> bool:
    """Whether its Job, which has become known just now, was made long after its turn came."""
    return status.starting and not status.pod and now >= waits_since(status, now) + LATE


def waits_since(status: StageStatus, now: datetime) -> datetime:
    """When its turn came, or its present Job was made where that was later."""
    return min(now, max(status.turnTime or now, status.recreatedTime or EPOCH))
