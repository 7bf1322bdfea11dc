"""A row of work: one stage of one run, from when it could begin until it is done or has failed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

WorkState = Literal["pending", "stuck", "deferred", "held", "processing", "failed", "done"]
"""`stuck`: its turn has come and it cannot start. `deferred`: what it needs is away. `held`: a
person is in its way (suspended, or to be approved)."""
PENDING: Final[frozenset[WorkState]] = frozenset({"pending", "stuck"})
"""What counts as waiting."""


@dataclass(frozen=True, slots=True)
class Work:
    """One stage of one run, at its current attempt."""

    run_uid: str
    namespace: str
    run: str
    stage: str
    position: int
    """The stage's place in its run, from 0."""
    attempt: int
    max_attempts: int
    """0: not known."""
    state: WorkState
    classes: tuple[str, ...]
    """Machine classes that it may run on, in order of preference; empty: not known."""
    machine: str
    """Class that it runs or ran on; empty before its turn."""
    document_id: str
    """What it works on: the run's subject, else its name."""
    title: str
    created_at: datetime
    """When it came into the queue: the last stage above it had ended, or the run was made."""
    due_at: datetime
    """When it could have run: as above, or once its back-off was over."""
    turn_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    fallback_at: datetime | None = None
    """When the next class counts for it too, where its first one has no node."""
    pipeline: str = ""
    """Name of its Pipeline; empty for stages of the run's own."""
    error: str = ""
    """Why it failed, is stuck or waits: the reason, then the sentence."""

    @property
    def key(self) -> str:
        """`run uid/stage/attempt`: the id under which people retry or skip it."""
        return f"{self.run_uid}/{self.stage}/{self.attempt}"

    @property
    def seconds(self) -> float | None:
        """From its container's start to its end; None unless both are known."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(0.0, (self.ended_at - self.started_at).total_seconds())
