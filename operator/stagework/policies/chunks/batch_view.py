"""What is seen of a batch at the moment at which its end is estimated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stagework.policies.chunks.fit import Fit
from stagework.policies.chunks.size import Chunking


@dataclass(frozen=True, slots=True)
class RunningChunk:
    """A chunk that is at work."""

    machine: str
    items: int
    seconds: float
    """For so long."""
    cold: bool = False
    """The first of its image on a node."""


@dataclass(frozen=True, slots=True)
class Failures:
    """What has gone wrong so far."""

    chunks: int = 0
    """Chunks that have failed, counted once, whatever became of their retries and parts."""
    bad_items: bool = False
    """An item was found that a chunk dies on."""
    lost_share: float = 0.0
    """Seconds in attempts that failed, over seconds in those that ended well."""


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch at one moment."""

    chunking: int | Chunking
    fits: Mapping[str, Fit | None]
    slots: Sequence[str]
    """The class of each slot that it has now; a machine that is away has none."""
    running: Sequence[RunningChunk]
    rest: int
    """Items that are in no chunk yet."""
    retries: Sequence[int] = ()
    """Sizes of the chunks that wait for a retry."""
    done: int = 0
    failures: Failures = Failures()
    timeout: float | None = None
    """The smallest of its stages; seconds."""
    quiet_seconds: float = 0.0
    """Since a chunk has ended."""
    suspended: bool = False
    artifacts_unavailable: bool = False
    machine_away: bool = False
    """A chunk of it is on a machine that is away."""

    @property
    def machines(self) -> list[str]:
        """Classes that it has slots or chunks on, in an order that is always the same."""
        return sorted({*self.slots, *(chunk.machine for chunk in self.running)})
