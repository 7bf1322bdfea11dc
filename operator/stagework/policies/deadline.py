"""Has a stage run too long, or taken too long to start? By our clock, no Job's or node's."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stagework.api import names
from stagework.api.stages import Stage

KEEP_SLACK = timedelta(seconds=60)
"""A kubelet may tell of an end so late, and one that others' containers hide is found so late."""


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
    """`startDeadlineSeconds`, counted from the stage's turn; `cause`: why it has not started.

    The message begins with the cause.
    """
    until = turn + timedelta(seconds=stage.startDeadlineSeconds)
    if now < until:
        return InTime(until)
    limit = f"not started within startDeadlineSeconds ({stage.startDeadlineSeconds} s)"
    return Exceeded(names.START_DEADLINE, f"{cause}; {limit}" if cause else limit)


def keep_time(ended: datetime, grace_seconds: int, now: datetime) -> InTime | Exceeded:
    """How long outputs may be stored, counted from the end of the stage's container.

    A backstop: the container that stores them is ended by its kubelet after `grace_seconds`.
    """
    until = ended + timedelta(seconds=grace_seconds) + KEEP_SLACK
    if now < until:
        return InTime(until)
    message = f"its outputs were not stored within files.graceSeconds ({grace_seconds} s)"
    return Exceeded(names.OUTPUTS_NOT_KEPT, message)
