"""Has a stage run too long, or taken too long to start? By our clock, no Job's or node's."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.stages import Stage


@dataclass(frozen=True)
class InTime:
    """Nothing to do before `until`."""

    until: datetime


@dataclass(frozen=True)
class Exceeded:
    """The Pod must be ended."""

    reason: str
    message: str


def run_time(stage: Stage, started: datetime, now: datetime) -> InTime | Exceeded:
    """`timeoutSeconds`, counted from the container's start, as it is by our clock."""
    until = started + timedelta(seconds=stage.timeoutSeconds)
    if now < until:
        return InTime(until)
    return Exceeded(names.TIMED_OUT, f"ran longer than timeoutSeconds ({stage.timeoutSeconds} s)")


def start_time(stage: Stage, turn: datetime, cause: str, now: datetime) -> InTime | Exceeded:
    """`startDeadlineSeconds`, counted from the stage's turn; `cause`: why it has not started."""
    until = turn + timedelta(seconds=stage.startDeadlineSeconds)
    if now < until:
        return InTime(until)
    limit = f"not started within startDeadlineSeconds ({stage.startDeadlineSeconds} s)"
    return Exceeded(names.START_DEADLINE, f"{limit}: {cause}" if cause else limit)
